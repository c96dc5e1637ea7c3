ALTER TABLE `conflict` ADD `about` text;--> statement-breakpoint
ALTER TABLE `conflict` ADD `share` text;--> statement-breakpoint
CREATE INDEX `conflict_about` ON `conflict` (`namespace`,`about`);--> statement-breakpoint
CREATE INDEX `conflict_share` ON `conflict` (`namespace`,`share`,`last_at`,`id`);--> statement-breakpoint
-- What the new columns say of the conflicts that are there already.
update conflict set
  about = subject,
  share = iif(reason in ('authn.invalid-namespace', 'accesscontrol.permission-denied'), '~', '')
    || coalesce((select min(a.id) from service_account a
      where a.namespace = conflict.namespace and a.name = conflict.account), '');

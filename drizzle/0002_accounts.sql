ALTER TABLE `service_account` ADD `role` text DEFAULT 'None' NOT NULL;--> statement-breakpoint
ALTER TABLE `service_account` ADD `permissions` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `service_account` ADD `disabled` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `token` ADD `name` text DEFAULT '' NOT NULL;--> statement-breakpoint
ALTER TABLE `token` ADD `disabled` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `token_account` ON `token` (`namespace`,`account_id`);--> statement-breakpoint
CREATE INDEX `event_subject` ON `event` (`namespace`,`subject`,`seq`);
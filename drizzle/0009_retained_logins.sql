ALTER TABLE `retained` ADD `sessions_valid_from` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `retained_identity` ON `retained` (`namespace`,resource ->> '$.externalId');
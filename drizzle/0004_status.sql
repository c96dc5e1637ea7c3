CREATE TABLE `conflict` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`subject` text NOT NULL,
	`reason` text NOT NULL,
	`status` integer NOT NULL,
	`detail` text NOT NULL,
	`request` text NOT NULL,
	`account` text NOT NULL,
	`count` integer NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `conflict_last` ON `conflict` (`namespace`,`last_at`);--> statement-breakpoint
CREATE UNIQUE INDEX `conflict_subject` ON `conflict` (`namespace`,`subject`,`reason`);--> statement-breakpoint
CREATE TABLE `refusal_count` (
	`namespace` text NOT NULL,
	`hour` integer NOT NULL,
	`count` integer NOT NULL,
	PRIMARY KEY(`namespace`, `hour`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `team_mapping` (
	`namespace` text NOT NULL,
	`group_key` text NOT NULL,
	`group_id` text NOT NULL,
	`team_id` text NOT NULL,
	PRIMARY KEY(`namespace`, `group_key`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`namespace`,`team_id`) REFERENCES `team`(`namespace`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `team_mapping_team` ON `team_mapping` (`namespace`,`team_id`);--> statement-breakpoint
DROP INDEX `membership_user`;--> statement-breakpoint
ALTER TABLE `membership` ADD `inherited` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
CREATE INDEX `membership_inherited` ON `membership` (`namespace`,`team_id`,`user_id`) WHERE inherited = 1;--> statement-breakpoint
CREATE INDEX `membership_user` ON `membership` (`namespace`,`user_id`,`team_id`,`inherited`);--> statement-breakpoint
ALTER TABLE `adoption` ADD `type` text DEFAULT 'user' NOT NULL;--> statement-breakpoint
ALTER TABLE `adoption` ADD `revision` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `namespace` ADD `managed_users` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `namespace` ADD `managed_teams` integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE `namespace` ADD `retained` integer DEFAULT 0 NOT NULL;
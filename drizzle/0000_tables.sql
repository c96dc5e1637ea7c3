CREATE TABLE `adoption` (
	`namespace` text NOT NULL,
	`subject` text NOT NULL,
	`request_id` text NOT NULL,
	`part` integer NOT NULL,
	`at` integer NOT NULL,
	`before` text NOT NULL,
	PRIMARY KEY(`namespace`, `subject`, `request_id`, `part`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE TABLE `event` (
	`namespace` text NOT NULL,
	`seq` integer NOT NULL,
	`at` integer NOT NULL,
	`actor` text NOT NULL,
	`action` text NOT NULL,
	`subject` text NOT NULL,
	`changes` text NOT NULL,
	`request_id` text NOT NULL,
	`part` integer NOT NULL,
	PRIMARY KEY(`namespace`, `seq`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `event_request` ON `event` (`namespace`,`request_id`,`part`);--> statement-breakpoint
CREATE TABLE `membership` (
	`namespace` text NOT NULL,
	`team_id` text NOT NULL,
	`user_id` text NOT NULL,
	PRIMARY KEY(`namespace`, `team_id`, `user_id`),
	FOREIGN KEY (`namespace`,`team_id`) REFERENCES `team`(`namespace`,`id`) ON UPDATE no action ON DELETE no action,
	FOREIGN KEY (`namespace`,`user_id`) REFERENCES `user`(`namespace`,`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `membership_user` ON `membership` (`namespace`,`user_id`,`team_id`);--> statement-breakpoint
CREATE TABLE `namespace` (
	`name` text PRIMARY KEY NOT NULL,
	`settings` text,
	`users` integer DEFAULT 0 NOT NULL,
	`teams` integer DEFAULT 0 NOT NULL,
	`event_seq` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	CONSTRAINT "namespace_user_limit" CHECK("namespace"."users" <= 1000000)
);
--> statement-breakpoint
CREATE TABLE `retained` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`external_id` text,
	`user_name_key` text NOT NULL,
	`email_key` text,
	`revision` integer NOT NULL,
	`created_at` integer NOT NULL,
	`deleted_at` integer NOT NULL,
	`resource` text NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE INDEX `retained_external_id` ON `retained` (`namespace`,`external_id`);--> statement-breakpoint
CREATE INDEX `retained_user_name` ON `retained` (`namespace`,`user_name_key`);--> statement-breakpoint
CREATE INDEX `retained_email` ON `retained` (`namespace`,`email_key`);--> statement-breakpoint
CREATE TABLE `service_account` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`name` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `service_account_name` ON `service_account` (`namespace`,`name`);--> statement-breakpoint
CREATE TABLE `team` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`revision` integer NOT NULL,
	`managed` integer NOT NULL,
	`display_name` text NOT NULL,
	`display_name_key` text NOT NULL,
	`external_id` text,
	`members` integer DEFAULT 0 NOT NULL,
	`created_at` integer NOT NULL,
	`last_modified` integer NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action,
	CONSTRAINT "team_member_limit" CHECK("team"."members" <= 100000)
);
--> statement-breakpoint
CREATE INDEX `team_external_id` ON `team` (`namespace`,`external_id`);--> statement-breakpoint
CREATE UNIQUE INDEX `team_display_name` ON `team` (`namespace`,`display_name_key`);--> statement-breakpoint
CREATE TABLE `token` (
	`hash` text PRIMARY KEY NOT NULL,
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`account_id` text NOT NULL,
	`permissions` integer NOT NULL,
	`created_at` integer NOT NULL,
	`expires_at` integer,
	`revoked_at` integer,
	`last_used_at` integer,
	FOREIGN KEY (`namespace`,`account_id`) REFERENCES `service_account`(`namespace`,`id`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `token_id` ON `token` (`namespace`,`id`);--> statement-breakpoint
CREATE TABLE `user` (
	`namespace` text NOT NULL,
	`id` text NOT NULL,
	`revision` integer NOT NULL,
	`managed` integer NOT NULL,
	`active` integer NOT NULL,
	`user_name_key` text NOT NULL,
	`email_key` text,
	`external_id` text,
	`sessions_valid_from` integer NOT NULL,
	`created_at` integer NOT NULL,
	`last_modified` integer NOT NULL,
	`resource` text NOT NULL,
	`folded` text NOT NULL,
	PRIMARY KEY(`namespace`, `id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);
--> statement-breakpoint
CREATE UNIQUE INDEX `user_user_name` ON `user` (`namespace`,`user_name_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `user_email_key` ON `user` (`namespace`,`email_key`);--> statement-breakpoint
CREATE UNIQUE INDEX `user_external_id` ON `user` (`namespace`,`external_id`);--> statement-breakpoint
CREATE TABLE `user_email` (
	`namespace` text NOT NULL,
	`value_key` text NOT NULL,
	`user_id` text NOT NULL,
	PRIMARY KEY(`namespace`, `value_key`, `user_id`),
	FOREIGN KEY (`namespace`,`user_id`) REFERENCES `user`(`namespace`,`id`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `user_email_user` ON `user_email` (`namespace`,`user_id`);
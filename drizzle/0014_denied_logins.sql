CREATE TABLE `denied_login` (
	`namespace` text NOT NULL,
	`subject` text NOT NULL,
	`reason` text NOT NULL,
	`names` text NOT NULL,
	`detail` text NOT NULL,
	`count` integer NOT NULL,
	`first_at` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `subject`, `reason`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;

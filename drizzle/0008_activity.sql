CREATE TABLE `activity` (
	`namespace` text NOT NULL,
	`kind` text NOT NULL,
	`subject` text NOT NULL,
	`hour` integer NOT NULL,
	`count` integer NOT NULL,
	`last_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `kind`, `subject`, `hour`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
) WITHOUT ROWID;

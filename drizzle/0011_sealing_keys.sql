CREATE TABLE `sealing_key` (
	`namespace` text NOT NULL,
	`purpose` text NOT NULL,
	`id` text NOT NULL,
	`sealed` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`namespace`, `purpose`, `id`),
	FOREIGN KEY (`namespace`) REFERENCES `namespace`(`name`) ON UPDATE no action ON DELETE no action
);

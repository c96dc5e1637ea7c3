CREATE TABLE `namespace_change` (
	`namespace` text NOT NULL,
	`incarnation` text NOT NULL,
	`action` text NOT NULL,
	`at` integer NOT NULL,
	`ended_at` integer,
	`request_id` text,
	PRIMARY KEY(`namespace`, `incarnation`, `action`)
);

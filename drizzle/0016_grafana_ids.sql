ALTER TABLE `team` ADD `grafana_id` integer;--> statement-breakpoint
ALTER TABLE `team` ADD `grafana_uid` text;--> statement-breakpoint
CREATE UNIQUE INDEX `team_grafana_id` ON `team` (`namespace`,`grafana_id`) WHERE grafana_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `team_grafana_uid` ON `team` (`namespace`,`grafana_uid`) WHERE grafana_uid is not null;--> statement-breakpoint
ALTER TABLE `user` ADD `grafana_id` integer;--> statement-breakpoint
ALTER TABLE `user` ADD `grafana_uid` text;--> statement-breakpoint
CREATE UNIQUE INDEX `user_grafana_id` ON `user` (`namespace`,`grafana_id`) WHERE grafana_id is not null;--> statement-breakpoint
CREATE UNIQUE INDEX `user_grafana_uid` ON `user` (`namespace`,`grafana_uid`) WHERE grafana_uid is not null;
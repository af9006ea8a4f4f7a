CREATE TABLE `embedding` (
	`project` text NOT NULL,
	`domain` text NOT NULL,
	`user` text NOT NULL,
	`encoder` text NOT NULL,
	`last_seq` integer NOT NULL,
	`votes` integer NOT NULL,
	`values` text NOT NULL,
	`uncertainty` text NOT NULL,
	`unusable` text NOT NULL,
	`updated_at` integer NOT NULL,
	PRIMARY KEY(`project`, `domain`, `user`, `encoder`)
);
--> statement-breakpoint
CREATE TABLE `encoder` (
	`project` text NOT NULL,
	`sha` text NOT NULL,
	`domain` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `sha`)
);
--> statement-breakpoint
CREATE INDEX `encoder_domain` ON `encoder` (`project`,`domain`,`created_at`);--> statement-breakpoint
CREATE TABLE `image` (
	`project` text NOT NULL,
	`sha256` text NOT NULL,
	`media_type` text NOT NULL,
	`width` integer NOT NULL,
	`height` integer NOT NULL,
	`bytes` integer NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `sha256`)
);
--> statement-breakpoint
ALTER TABLE `adapter` ADD `encoder` text;--> statement-breakpoint
ALTER TABLE `candidate` ADD `features` text;--> statement-breakpoint
ALTER TABLE `domain` ADD `encoder` text;--> statement-breakpoint
CREATE INDEX `preference_user` ON `preference` (`project`,`domain`,`user`,`seq`) WHERE user IS NOT NULL;
CREATE TABLE `adapter` (
	`project` text NOT NULL,
	`sha` text NOT NULL,
	`domain` text NOT NULL,
	`parent` text,
	`base_model` text NOT NULL,
	`base_fingerprint` text NOT NULL,
	`recipe` text NOT NULL,
	`files` text NOT NULL,
	`metrics` text NOT NULL,
	`losses` text NOT NULL,
	`gates` text NOT NULL,
	`runtime` text NOT NULL,
	`stage` text NOT NULL,
	`preferences` integer NOT NULL,
	`oldest_vote_at` integer,
	`created_at` integer NOT NULL,
	`live_at` integer,
	PRIMARY KEY(`project`, `sha`)
);
--> statement-breakpoint
CREATE INDEX `adapter_domain` ON `adapter` (`project`,`domain`,`created_at`);--> statement-breakpoint
CREATE TABLE `adapter_file` (
	`project` text NOT NULL,
	`sha256` text NOT NULL,
	`name` text NOT NULL,
	`bytes` integer NOT NULL,
	`facts` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `sha256`, `name`)
);
--> statement-breakpoint
CREATE TABLE `alias_move` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`project` text NOT NULL,
	`domain` text NOT NULL,
	`from_sha` text,
	`to_sha` text,
	`action` text NOT NULL,
	`actor` text NOT NULL,
	`note` text NOT NULL,
	`freed` integer NOT NULL,
	`at` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `alias_move_domain` ON `alias_move` (`project`,`domain`,`seq`);--> statement-breakpoint
CREATE TABLE `batch` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`domain` text NOT NULL,
	`state` text NOT NULL,
	`fence` integer NOT NULL,
	`attempts` integer NOT NULL,
	`runner` text,
	`lease_expires` integer NOT NULL,
	`size` integer NOT NULL,
	`adapter` text,
	`error` text,
	`created_at` integer NOT NULL,
	`completed_at` integer,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE INDEX `batch_open` ON `batch` (`project`,`domain`,`created_at`) WHERE state IN ('ready', 'leased');--> statement-breakpoint
CREATE INDEX `batch_adapter` ON `batch` (`project`,`adapter`) WHERE adapter IS NOT NULL;--> statement-breakpoint
CREATE TABLE `candidate` (
	`project` text NOT NULL,
	`comparison` text NOT NULL,
	`id` text NOT NULL,
	`position` integer NOT NULL,
	`content` text NOT NULL,
	`origin` text NOT NULL,
	PRIMARY KEY(`project`, `comparison`, `id`)
);
--> statement-breakpoint
CREATE TABLE `comparison` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`domain` text NOT NULL,
	`kind` text NOT NULL,
	`prompt` text NOT NULL,
	`candidates` text NOT NULL,
	`user` text,
	`body_hash` text NOT NULL,
	`nonce` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `domain` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`base_model` text NOT NULL,
	`recipe` text NOT NULL,
	`gates` text NOT NULL,
	`policy` text NOT NULL,
	`batch_size` integer NOT NULL,
	`max_wait_seconds` real NOT NULL,
	`lease_seconds` integer NOT NULL,
	`max_attempts` integer NOT NULL,
	`hold_out` real NOT NULL,
	`split_by` text NOT NULL,
	`temperature` real NOT NULL,
	`top_p` real NOT NULL,
	`max_tokens` integer NOT NULL,
	`system` text,
	`head` text,
	`live` text,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `guard` (
	`name` text NOT NULL,
	`ok` integer NOT NULL,
	CONSTRAINT "guard_ok" CHECK("guard"."ok" = 1)
);
--> statement-breakpoint
CREATE TABLE `key` (
	`id` text PRIMARY KEY NOT NULL,
	`project` text NOT NULL,
	`kind` text NOT NULL,
	`name` text NOT NULL,
	`scopes` text NOT NULL,
	`hash` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer
);
--> statement-breakpoint
CREATE INDEX `key_project` ON `key` (`project`,`created_at`);--> statement-breakpoint
CREATE TABLE `preference` (
	`seq` integer PRIMARY KEY AUTOINCREMENT NOT NULL,
	`project` text NOT NULL,
	`id` text NOT NULL,
	`body_hash` text NOT NULL,
	`domain` text NOT NULL,
	`comparison` text NOT NULL,
	`user` text,
	`choice` text NOT NULL,
	`reason` text,
	`supersedes` text,
	`superseded_by` text,
	`confidence` real NOT NULL,
	`weight` real NOT NULL,
	`latency_ms` integer,
	`nonce` text,
	`status` text NOT NULL,
	`not_trainable` text,
	`batch` text,
	`ordinal` integer,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `preference_id` ON `preference` (`project`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `preference_nonce` ON `preference` (`project`,`nonce`) WHERE nonce IS NOT NULL;--> statement-breakpoint
CREATE INDEX `preference_waiting` ON `preference` (`project`,`domain`,`seq`) WHERE status = 'waiting';--> statement-breakpoint
CREATE INDEX `preference_held_out` ON `preference` (`project`,`domain`,`seq`) WHERE status = 'heldOut';--> statement-breakpoint
CREATE INDEX `preference_batch` ON `preference` (`project`,`batch`,`ordinal`) WHERE batch IS NOT NULL;--> statement-breakpoint
CREATE INDEX `preference_domain` ON `preference` (`project`,`domain`,`seq`);--> statement-breakpoint
CREATE TABLE `preference_count` (
	`project` text NOT NULL,
	`domain` text NOT NULL,
	`status` text NOT NULL,
	`reason` text NOT NULL,
	`n` integer NOT NULL,
	PRIMARY KEY(`project`, `domain`, `status`, `reason`)
);
--> statement-breakpoint
CREATE TABLE `project` (
	`id` text PRIMARY KEY NOT NULL,
	`name` text NOT NULL,
	`allowed_origins` text NOT NULL,
	`require_assignment` integer NOT NULL,
	`secret` text NOT NULL,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `prompt` (
	`project` text NOT NULL,
	`id` text NOT NULL,
	`body` text NOT NULL,
	`created_at` integer NOT NULL,
	PRIMARY KEY(`project`, `id`)
);
--> statement-breakpoint
CREATE TABLE `signing_key` (
	`project` text NOT NULL,
	`kid` text NOT NULL,
	`algorithm` text NOT NULL,
	`material` text NOT NULL,
	`created_at` integer NOT NULL,
	`revoked_at` integer,
	PRIMARY KEY(`project`, `kid`)
);
--> statement-breakpoint
CREATE TRIGGER `preference_counted_insert` AFTER INSERT ON `preference` BEGIN
	INSERT INTO `preference_count` (`project`, `domain`, `status`, `reason`, `n`)
	VALUES (NEW.`project`, NEW.`domain`, NEW.`status`, coalesce(NEW.`not_trainable`, ''), 1)
	ON CONFLICT (`project`, `domain`, `status`, `reason`) DO UPDATE SET `n` = `n` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `preference_counted_update` AFTER UPDATE OF `status`, `not_trainable` ON `preference`
WHEN OLD.`status` <> NEW.`status` OR OLD.`not_trainable` IS NOT NEW.`not_trainable` BEGIN
	UPDATE `preference_count` SET `n` = `n` - 1
	WHERE `project` = OLD.`project` AND `domain` = OLD.`domain` AND `status` = OLD.`status` AND `reason` = coalesce(OLD.`not_trainable`, '');
	INSERT INTO `preference_count` (`project`, `domain`, `status`, `reason`, `n`)
	VALUES (NEW.`project`, NEW.`domain`, NEW.`status`, coalesce(NEW.`not_trainable`, ''), 1)
	ON CONFLICT (`project`, `domain`, `status`, `reason`) DO UPDATE SET `n` = `n` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `preference_counted_delete` AFTER DELETE ON `preference` BEGIN
	UPDATE `preference_count` SET `n` = `n` - 1
	WHERE `project` = OLD.`project` AND `domain` = OLD.`domain` AND `status` = OLD.`status` AND `reason` = coalesce(OLD.`not_trainable`, '');
END;

CREATE TABLE `batch_count` (
	`project` text NOT NULL,
	`domain` text NOT NULL,
	`state` text NOT NULL,
	`n` integer NOT NULL,
	PRIMARY KEY(`project`, `domain`, `state`)
);
--> statement-breakpoint
CREATE TABLE `vote_minute` (
	`project` text NOT NULL,
	`domain` text NOT NULL,
	`minute` integer NOT NULL,
	`n` integer NOT NULL,
	PRIMARY KEY(`project`, `domain`, `minute`)
);
--> statement-breakpoint
ALTER TABLE `adapter` ADD `curve` text;--> statement-breakpoint
INSERT INTO `batch_count` (`project`, `domain`, `state`, `n`)
SELECT `project`, `domain`, `state`, count(*) FROM `batch` GROUP BY `project`, `domain`, `state`;
--> statement-breakpoint
CREATE TRIGGER `batch_counted_insert` AFTER INSERT ON `batch` BEGIN
	INSERT INTO `batch_count` (`project`, `domain`, `state`, `n`) VALUES (NEW.`project`, NEW.`domain`, NEW.`state`, 1)
	ON CONFLICT (`project`, `domain`, `state`) DO UPDATE SET `n` = `n` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `batch_counted_update` AFTER UPDATE OF `state` ON `batch` WHEN OLD.`state` <> NEW.`state` BEGIN
	UPDATE `batch_count` SET `n` = `n` - 1
	WHERE `project` = OLD.`project` AND `domain` = OLD.`domain` AND `state` = OLD.`state`;
	INSERT INTO `batch_count` (`project`, `domain`, `state`, `n`) VALUES (NEW.`project`, NEW.`domain`, NEW.`state`, 1)
	ON CONFLICT (`project`, `domain`, `state`) DO UPDATE SET `n` = `n` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `batch_counted_delete` AFTER DELETE ON `batch` BEGIN
	UPDATE `batch_count` SET `n` = `n` - 1
	WHERE `project` = OLD.`project` AND `domain` = OLD.`domain` AND `state` = OLD.`state`;
END;
--> statement-breakpoint
CREATE TRIGGER `vote_arrived` AFTER INSERT ON `preference` BEGIN
	INSERT INTO `vote_minute` (`project`, `domain`, `minute`, `n`)
	VALUES (NEW.`project`, NEW.`domain`, NEW.`created_at` / 60000, 1)
	ON CONFLICT (`project`, `domain`, `minute`) DO UPDATE SET `n` = `n` + 1;
END;
--> statement-breakpoint
CREATE TRIGGER `vote_minute_began` AFTER INSERT ON `vote_minute` BEGIN
	DELETE FROM `vote_minute`
	WHERE `project` = NEW.`project` AND `domain` = NEW.`domain` AND `minute` <= NEW.`minute` - 60;
END;

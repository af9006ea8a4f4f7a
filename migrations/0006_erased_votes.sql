CREATE TRIGGER `vote_erased` AFTER DELETE ON `preference` BEGIN
	UPDATE `vote_minute` SET `n` = `n` - 1
	WHERE `project` = OLD.`project` AND `domain` = OLD.`domain` AND `minute` = OLD.`created_at` / 60000;
END;

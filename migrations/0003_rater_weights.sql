ALTER TABLE `batch` ADD `rater_weights` text;--> statement-breakpoint
ALTER TABLE `domain` ADD `rater_weights` text DEFAULT 'off' NOT NULL;--> statement-breakpoint
CREATE INDEX `preference_decided` ON `preference` (`project`,`domain`,`seq`) WHERE superseded_by IS NULL AND choice ->> '$.type' IN ('pair', 'ranking', 'rating');
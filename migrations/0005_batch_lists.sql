CREATE INDEX `batch_state` ON `batch` (`project`,`domain`,`state`,`created_at`,`id`);--> statement-breakpoint
CREATE INDEX `batch_domain` ON `batch` (`project`,`domain`,`created_at`,`id`);
-- A write begins with `insert into guard select <condition>`: where the condition does not hold,
-- the trigger aborts the statement and with it the whole batch. The view holds nothing.
CREATE VIEW `guard` AS SELECT NULL AS `ok` WHERE 0;
--> statement-breakpoint
CREATE TRIGGER `guard_condition` INSTEAD OF INSERT ON `guard`
WHEN new.`ok` IS NOT 1
BEGIN
	SELECT RAISE(ABORT, 'precondition failed');
END;

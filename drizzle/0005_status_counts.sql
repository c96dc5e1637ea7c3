-- What the new columns say of the rows that are there already. An adoption of before has no known
-- revision; that of a team has the attributes and members of the team in its before-image.
update namespace set
  managed_users = (select count(*) from user u where u.namespace = namespace.name and u.managed = 1),
  managed_teams = (select count(*) from team t where t.namespace = namespace.name and t.managed = 1),
  retained = (select count(*) from retained r where r.namespace = namespace.name);
--> statement-breakpoint
update adoption set type = 'team' where json_type(before, '$.attributes') = 'object';

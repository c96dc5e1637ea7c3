-- What the new columns say of the rows that are there already. SQLite has no bitwise sum: an
-- account may what any of its tokens may, bit by bit.
update service_account set permissions = coalesce((
  select max(k.permissions & 1) + max(k.permissions & 2) + max(k.permissions & 4)
    + max(k.permissions & 8) + max(k.permissions & 16) + max(k.permissions & 32)
    + max(k.permissions & 64) + max(k.permissions & 128) + max(k.permissions & 256)
    + max(k.permissions & 512)
  from token k
  where k.namespace = service_account.namespace and k.account_id = service_account.id), 0);
--> statement-breakpoint
update token set name = id where name = '';

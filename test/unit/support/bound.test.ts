import { describe, expect, test } from 'vitest'
import { bindingOf } from '../../support/bound.ts'

describe('a statement is bound to a namespace', () => {
  test.each([
    ['select * from user where namespace = ?1', [1]],
    ['select * from user where ?2 = namespace and id = ?1', [2]],
    ['select u.id from user u where u.namespace = ?1 and (u.id = ?2 or u.id = ?3)', [1]],
    ['select u.id from user u where (u.namespace = ?1 and u.id = ?2)', [1]],
    ['select 1 from user where (namespace = ?1 and id = 1) or (namespace = ?1 and id = 2)', [1]],
    ['select 1 from user where namespace = ?1 or namespace = ?2', [1, 2]],
    ['select n.users from namespace n where n.name = ?1', [1]],
    [
      'select 1 from team t cross join user u on u.namespace = t.namespace where t.namespace = ?1',
      [1],
    ],
    ['select 1 from json_each(?1) j left join team t on t.namespace = ?2 and t.id = j.value', [2]],
    [
      'select (select count(*) from team t where t.namespace = n.name) from namespace n where n.name = ?1',
      [1],
    ],
    ['select 1 from token k cross join namespace n on n.name = k.namespace where k.hash = ?1', []],
    ['update token set last_used_at = ?1 where hash = ?2', []],
    ['update user indexed by i set active = ?1 where namespace = ?2', [2]],
    [
      'delete from team where (namespace, id) in (select namespace, id from team where namespace = ?1)',
      [1],
    ],
    [
      'delete from conflict where rowid in (select c.rowid from conflict c where c.namespace = ?1)',
      [1],
    ],
    ['insert into team (id, namespace) values (?1, ?2)', [2]],
    ['insert into team (id, namespace) values (?1, ?2), (?3, ?4) on conflict do nothing', [2, 4]],
    ['insert into membership (namespace, user_id) select ?1, j.value from json_each(?2) j', [1]],
    [
      'insert into token (hash, namespace) select ?1, a.namespace from service_account a where a.namespace = ?2',
      [2],
    ],
    ['insert into guard (ok) select exists (select 1 from user where namespace = ?1)', [1]],
    ['select \'from user\' as "from team"', []],
  ])('%s', (sql, slots) => {
    const binding = bindingOf(sql)
    expect(binding.problems).toEqual([])
    expect([...binding.slots].sort()).toEqual(slots)
  })
})

describe('a statement reaches beyond a namespace', () => {
  test.each([
    'select * from user',
    'select * from user where id = ?1',
    'select * from user where namespace <> ?1',
    'select * from user where namespace is not null',
    'select * from user where not (namespace = ?1)',
    'select * from user where namespace = ?1 or id = ?2',
    'select * from user where (namespace = ?1 and id = ?2) or id = ?3',
    'select * from user where namespace = id',
    "select * from user where namespace = '?1'",
    "select * from user where id = 'x' -- namespace = ?1",
    'select * from user u where u.name = ?1',
    'select 1 from user u cross join team t where u.namespace = ?1',
    'select 1 from user u, team t where u.namespace = ?1 and u.id = t.id',
    'select 1 from user u cross join team t on t.namespace = u.namespace',
    'select 1 from team t left join user u on t.namespace = ?1 and u.namespace = ?1',
    'select 1 from user u where u.namespace = ?1 and u.id in (select id from user)',
    'select (select max(seq) from event) from namespace n where n.name = ?1',
    'select 1 from user where namespace = ?1 union all select 1 from user',
    'select 1 from (select * from user) u where u.namespace = ?1',
    'select 1 from namespace n order by n.name',
    'select 1 from service_account where hash = ?1',
    'with x as (select * from team) select 1 from x',
    'update user set active = 0',
    'update user set active = (select count(*) from team) where namespace = ?1',
    'update user set namespace = ?1 where namespace = ?1',
    'delete from retained where deleted_at < ?1',
    'delete from team where (namespace, id) in (select id, namespace from team where namespace = ?1)',
    'delete from team where (namespace, id) in (select namespace, id from team)',
    'delete from conflict where rowid in (select c.rowid from conflict c where c.id = ?1)',
    'delete from conflict where rowid in (select t.rowid from team t where t.namespace = ?1)',
    'delete from conflict where rowid in (select c.seen from conflict c where c.namespace = ?1)',
    'delete from conflict where rowid in (?1)',
    "insert into team (namespace, id) values ('x', ?1)",
    'insert into team (namespace, id) values (?1, 1), (2, ?1)',
    'insert into team (id) values (?1)',
    'insert into event select * from event where namespace = ?1',
    'insert into team (namespace, id) select u.id, u.namespace from user u where u.namespace = ?1',
    'insert into guard (ok) select exists (select 1 from user where id = ?1)',
    'pragma table_info(user)',
  ])('%s', (sql) => {
    expect(bindingOf(sql).problems).not.toEqual([])
  })
})

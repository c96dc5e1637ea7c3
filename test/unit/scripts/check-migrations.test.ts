/** The check that migrations only add, on migrations that do not. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, test } from 'vitest'

/** What the check says of a migration, and its exit status. */
function check(migration: string) {
  const folder = mkdtempSync(join(tmpdir(), 'scim-edge-'))
  try {
    mkdirSync(join(folder, 'drizzle'))
    writeFileSync(join(folder, 'drizzle/0000_x.sql'), migration)
    const { status, stderr } = spawnSync(
      process.execPath,
      [resolve('scripts/check-migrations.ts')],
      { cwd: folder, encoding: 'utf8' },
    )
    return { status, told: stderr.includes('migrations only add') }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test.each([
  'CREATE TABLE `new` (`id` text PRIMARY KEY NOT NULL);',
  'ALTER TABLE `user` ADD `more` integer DEFAULT 0 NOT NULL;',
  'CREATE INDEX `user_more` ON `user` (`namespace`,`more`);',
  'DROP INDEX `user_more`;--> statement-breakpoint\nCREATE INDEX `user_more` ON `user` (`id`);',
  'UPDATE `user` SET `more` = 1; -- DROP TABLE `user`, a comment says',
])('%s is let pass', (migration) => {
  expect(check(migration)).toEqual({ status: 0, told: false })
})

test.each([
  'DROP TABLE `user`;',
  'drop  table user;',
  'CREATE TABLE `__new_user` (`id` text);',
  'PRAGMA foreign_keys=OFF;',
  'ALTER TABLE `user` DROP COLUMN `active`;',
  'ALTER TABLE `user` RENAME TO `account`;',
  'ALTER TABLE `user` RENAME COLUMN `active` TO `enabled`;',
  'DROP INDEX `user_user_name`;',
  'DROP INDEX `a`;--> statement-breakpoint\nCREATE INDEX `ab` ON `user` (`id`);',
  'DROP TRIGGER `guard_insert`;',
  'DELETE FROM `event`;',
  'CREATE TABLE `x` (`id` text REFERENCES `user`(`id`) ON DELETE cascade);',
])('%s is refused', (migration) => {
  expect(check(migration)).toEqual({ status: 1, told: true })
})

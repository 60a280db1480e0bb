-- An application's row outlives `destroy`: its id decides the user ids that its kept volumes belong to.
CREATE TABLE apps (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  wanted TEXT NOT NULL DEFAULT 'running' CHECK (wanted IN ('running', 'stopped')),
  current_release INTEGER,
  declared TEXT NOT NULL DEFAULT '{}', -- JSON: the variables that the last deployed manifest declares
  trouble TEXT,                        -- JSON: how its last sandbox ended, while that is unmended
  next_sandbox INTEGER NOT NULL DEFAULT 1,
  destroyed INTEGER NOT NULL DEFAULT 0
) STRICT;

-- What the next release will be given. A secret is a version in `secrets`; a plain setting is a value.
CREATE TABLE settings (
  app INTEGER NOT NULL REFERENCES apps (id),
  name TEXT NOT NULL,
  value TEXT,
  secret_version INTEGER,
  PRIMARY KEY (app, name),
  CHECK ((value IS NULL) <> (secret_version IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE secrets (
  app INTEGER NOT NULL REFERENCES apps (id),
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  sealed BLOB NOT NULL,
  PRIMARY KEY (app, name, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE releases (
  app INTEGER NOT NULL REFERENCES apps (id),
  number INTEGER NOT NULL,
  document TEXT NOT NULL, -- JSON: Release of src/model/release.ts
  PRIMARY KEY (app, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE deployments (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  app INTEGER NOT NULL REFERENCES apps (id),
  action TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('running', 'succeeded', 'failed', 'interrupted')),
  step TEXT,
  from_release INTEGER,
  to_release INTEGER,
  started_at TEXT NOT NULL,
  finished_at TEXT,
  problem TEXT -- JSON: ProblemEvent
) STRICT;
CREATE INDEX deployments_by_app ON deployments (app, id);

-- What the daemon wants to exist on the host. Anything else that bears this instance's name is debris.
CREATE TABLE sandboxes (
  id TEXT PRIMARY KEY,
  app INTEGER NOT NULL REFERENCES apps (id),
  release INTEGER NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('starting', 'serving', 'draining')),
  link INTEGER NOT NULL UNIQUE, -- index of its address pair in the instance's subnet
  started_at TEXT NOT NULL,
  drain_until TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- What came of attacking a copy of a release, the last time that this was done.
CREATE TABLE audits (
  app INTEGER NOT NULL REFERENCES apps (id),
  release INTEGER NOT NULL,
  document TEXT NOT NULL, -- JSON: AuditSummary of src/model/audit.ts
  PRIMARY KEY (app, release)
) STRICT, WITHOUT ROWID;

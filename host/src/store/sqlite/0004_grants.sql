-- What an endpoint was granted, as JSON; nothing where it was made before there were grants. `follows` says
-- whether a newer component of the same name takes the place of its own.
ALTER TABLE endpoint ADD COLUMN granted TEXT;
ALTER TABLE endpoint ADD COLUMN follows INTEGER NOT NULL DEFAULT 0;

-- A recipient's own title and message, in place of what an alert's definition says.
ALTER TABLE recipient ADD COLUMN title TEXT;
ALTER TABLE recipient ADD COLUMN message TEXT;

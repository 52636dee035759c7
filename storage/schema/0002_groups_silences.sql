-- A message may stand for a group of cases: which group, and which cases it told.
ALTER TABLE delivery ADD COLUMN grp VARCHAR DEFAULT '';
ALTER TABLE delivery ADD COLUMN members VARCHAR[] DEFAULT [];

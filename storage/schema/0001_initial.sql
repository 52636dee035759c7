-- Times are TIMESTAMP in UTC. Migrations are append-only: never edit a published one.
CREATE TABLE cycle (
  id BIGINT PRIMARY KEY, started_at TIMESTAMP NOT NULL, finished_at TIMESTAMP,
  status VARCHAR NOT NULL, note VARCHAR NOT NULL DEFAULT ''
);
CREATE TABLE source_run (
  cycle_id BIGINT NOT NULL, source VARCHAR NOT NULL, started_at TIMESTAMP NOT NULL,
  finished_at TIMESTAMP NOT NULL, status VARCHAR NOT NULL, reason VARCHAR NOT NULL,
  fetched INTEGER NOT NULL, stored INTEGER NOT NULL, updated INTEGER NOT NULL,
  duplicates INTEGER NOT NULL, problems VARCHAR[] NOT NULL
);
-- What is collected, why (PIPL Art. 6) and since when: a row each time one of these changed.
CREATE TABLE source_register (
  source VARCHAR NOT NULL, title VARCHAR NOT NULL, kind VARCHAR NOT NULL, media_tier VARCHAR NOT NULL,
  purpose VARCHAR NOT NULL, enabled BOOLEAN NOT NULL, since TIMESTAMP NOT NULL
);
-- What a collector must remember: validators, watermark, breaker. JSON because each kind has its own.
CREATE TABLE source_state (
  source VARCHAR PRIMARY KEY, state JSON NOT NULL, next_due_at TIMESTAMP, updated_at TIMESTAMP NOT NULL
);
-- One row a mention, in order of arrival: `seq` is time-sorted, so windows scan few row groups.
CREATE TABLE mention (
  seq BIGINT NOT NULL, id VARCHAR NOT NULL, version INTEGER NOT NULL,
  source VARCHAR NOT NULL, kind VARCHAR NOT NULL, media_tier VARCHAR NOT NULL,
  external_id VARCHAR NOT NULL, title VARCHAR NOT NULL, text VARCHAR NOT NULL,
  url VARCHAR NOT NULL, origin VARCHAR NOT NULL, place VARCHAR NOT NULL,
  published_at TIMESTAMP, date_flag VARCHAR NOT NULL, collected_at TIMESTAMP NOT NULL,
  event_at TIMESTAMP NOT NULL, author_key VARCHAR NOT NULL, content_hash VARCHAR NOT NULL,
  sketch BLOB, repost_of VARCHAR NOT NULL, story_id VARCHAR NOT NULL,
  sentiment VARCHAR NOT NULL, sentiment_p FLOAT NOT NULL, topic VARCHAR NOT NULL, topic_p FLOAT NOT NULL,
  appeal VARCHAR NOT NULL, appeal_p FLOAT NOT NULL, urgency TINYINT NOT NULL, urgency_p FLOAT NOT NULL,
  model VARCHAR NOT NULL, reply VARCHAR NOT NULL, replied_at TIMESTAMP,
  gone_at TIMESTAMP, exercise BOOLEAN NOT NULL
);
-- The texts an updated mention had before: the record keeps every version it saw.
CREATE TABLE mention_version (
  id VARCHAR NOT NULL, version INTEGER NOT NULL, title VARCHAR NOT NULL, text VARCHAR NOT NULL,
  content_hash VARCHAR NOT NULL, collected_at TIMESTAMP NOT NULL
);
CREATE TABLE mention_match (
  mention_id VARCHAR NOT NULL, query VARCHAR NOT NULL, term VARCHAR NOT NULL, field VARCHAR NOT NULL,
  start_at INTEGER NOT NULL, end_at INTEGER NOT NULL, event_at TIMESTAMP NOT NULL
);
CREATE TABLE correction (
  id BIGINT PRIMARY KEY, mention_id VARCHAR NOT NULL, head VARCHAR NOT NULL, label VARCHAR NOT NULL,
  was VARCHAR NOT NULL, who VARCHAR NOT NULL, done_at TIMESTAMP NOT NULL, note VARCHAR NOT NULL
);
CREATE TABLE story (
  id VARCHAR PRIMARY KEY, title VARCHAR NOT NULL, place VARCHAR NOT NULL, topic VARCHAR NOT NULL,
  first_mention_id VARCHAR NOT NULL, first_at TIMESTAMP NOT NULL, last_at TIMESTAMP NOT NULL,
  size INTEGER NOT NULL, state JSON NOT NULL, merged_into VARCHAR NOT NULL
);
CREATE TABLE alert (
  id VARCHAR PRIMARY KEY, rule VARCHAR NOT NULL, grp VARCHAR NOT NULL, level TINYINT NOT NULL,
  title VARCHAR NOT NULL, reasons VARCHAR[] NOT NULL, raised_at TIMESTAMP NOT NULL,
  window_start TIMESTAMP NOT NULL, window_end TIMESTAMP NOT NULL, story_id VARCHAR NOT NULL,
  topic VARCHAR NOT NULL, mention_ids VARCHAR[] NOT NULL, mentions INTEGER NOT NULL,
  independent INTEGER NOT NULL, sources INTEGER NOT NULL, incident_id VARCHAR NOT NULL,
  exercise BOOLEAN NOT NULL
);
CREATE TABLE incident (
  id VARCHAR PRIMARY KEY, number VARCHAR NOT NULL, title VARCHAR NOT NULL, state VARCHAR NOT NULL,
  level_suggested TINYINT NOT NULL, level_confirmed TINYINT, emergency_grade TINYINT,
  detected_at TIMESTAMP NOT NULL, occurred_at TIMESTAMP, assigned_at TIMESTAMP,
  updated_at TIMESTAMP NOT NULL, closed_at TIMESTAMP, story_id VARCHAR NOT NULL,
  topic VARCHAR NOT NULL, place VARCHAR NOT NULL, responsible_unit VARCHAR NOT NULL,
  co_units VARCHAR[] NOT NULL, exercise BOOLEAN NOT NULL
);
CREATE TABLE incident_mention (
  incident_id VARCHAR NOT NULL, mention_id VARCHAR NOT NULL, added_at TIMESTAMP NOT NULL,
  PRIMARY KEY (incident_id, mention_id)
);
-- Every step of a case: who, when, from, to, note. Append-only.
CREATE TABLE incident_event (
  seq BIGINT PRIMARY KEY, incident_id VARCHAR NOT NULL, done_at TIMESTAMP NOT NULL, who VARCHAR NOT NULL,
  action VARCHAR NOT NULL, from_value VARCHAR NOT NULL, to_value VARCHAR NOT NULL, note VARCHAR NOT NULL
);
-- Filled forms (assignment order, disposition feedback, response approval …), one row a saved version.
CREATE TABLE incident_form (
  seq BIGINT PRIMARY KEY, incident_id VARCHAR NOT NULL, form VARCHAR NOT NULL,
  done_at TIMESTAMP NOT NULL, who VARCHAR NOT NULL, fields JSON NOT NULL
);
CREATE TABLE clock (
  incident_id VARCHAR NOT NULL, clock_id VARCHAR NOT NULL, zh VARCHAR NOT NULL,
  t0_name VARCHAR NOT NULL, t0 TIMESTAMP NOT NULL, due TIMESTAMP NOT NULL, basis VARCHAR NOT NULL,
  source VARCHAR NOT NULL, met_at TIMESTAMP, extended_from TIMESTAMP,
  extension_reason VARCHAR NOT NULL, flag VARCHAR NOT NULL,
  PRIMARY KEY (incident_id, clock_id)
);
-- The outbox: written in the transaction that decides to tell, sent afterwards, kept for ever.
CREATE TABLE delivery (
  id VARCHAR PRIMARY KEY, channel VARCHAR NOT NULL, receiver VARCHAR NOT NULL, reason VARCHAR NOT NULL,
  level TINYINT NOT NULL, subject VARCHAR NOT NULL, card JSON NOT NULL, created_at TIMESTAMP NOT NULL,
  next_try_at TIMESTAMP NOT NULL, alert_id VARCHAR NOT NULL, incident_id VARCHAR NOT NULL,
  attempts INTEGER NOT NULL, status VARCHAR NOT NULL, sent_at TIMESTAMP, last_error VARCHAR NOT NULL,
  step INTEGER NOT NULL, exercise BOOLEAN NOT NULL, grp VARCHAR NOT NULL, members VARCHAR[] NOT NULL
);
CREATE TABLE delivery_attempt (
  delivery_id VARCHAR NOT NULL, done_at TIMESTAMP NOT NULL, outcome VARCHAR NOT NULL,
  permanent BOOLEAN NOT NULL, detail VARCHAR NOT NULL
);
CREATE TABLE acknowledgement (
  incident_id VARCHAR NOT NULL, done_at TIMESTAMP NOT NULL, who VARCHAR NOT NULL, how VARCHAR NOT NULL,
  delivery_id VARCHAR NOT NULL
);
CREATE TABLE silence (
  id BIGINT PRIMARY KEY, matcher JSON NOT NULL, starts_at TIMESTAMP NOT NULL, ends_at TIMESTAMP NOT NULL,
  author VARCHAR NOT NULL, reason VARCHAR NOT NULL
);
-- One row a published report; `number` counts within the product's year, `total` since the beginning.
CREATE TABLE report (
  product VARCHAR NOT NULL, day DATE NOT NULL, year INTEGER NOT NULL, number INTEGER NOT NULL,
  total INTEGER NOT NULL, published_at TIMESTAMP NOT NULL, facts JSON NOT NULL, html VARCHAR NOT NULL,
  markdown VARCHAR NOT NULL, PRIMARY KEY (product, day)
);
-- Append-only chain: each hash covers the row and the hash before it.
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, done_at TIMESTAMP NOT NULL, who VARCHAR NOT NULL, action VARCHAR NOT NULL,
  subject VARCHAR NOT NULL, detail VARCHAR NOT NULL, hash VARCHAR NOT NULL
);
-- Number of the last committed transaction; the side file must not be ahead of it.
CREATE TABLE watermark (seq BIGINT NOT NULL);
INSERT INTO watermark VALUES (0);

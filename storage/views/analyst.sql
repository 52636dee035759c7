-- What analysts read. Times end in _bj for Asia/Shanghai (UTC+8, no summer time).
CREATE OR REPLACE VIEW v_mention AS
SELECT m.seq, m.id, m.source, m.kind, m.media_tier, m.title, m.text, m.url, m.origin, m.place,
  m.published_at + INTERVAL 8 HOUR AS published_bj, m.collected_at + INTERVAL 8 HOUR AS collected_bj,
  m.event_at + INTERVAL 8 HOUR AS event_bj, m.repost_of <> '' AS is_repost, m.repost_of, m.story_id,
  coalesce(s.label, m.sentiment) AS sentiment, m.sentiment_p, coalesce(t.label, m.topic) AS topic, m.topic_p,
  coalesce(a.label, m.appeal) AS appeal, m.appeal_p, m.urgency, m.model, m.version,
  m.reply, m.replied_at + INTERVAL 8 HOUR AS replied_bj, m.gone_at IS NOT NULL AS original_gone
FROM mention m
LEFT JOIN (SELECT mention_id, arg_max(label, id) AS label FROM correction WHERE head = 'sentiment' GROUP BY 1) s ON s.mention_id = m.id
LEFT JOIN (SELECT mention_id, arg_max(label, id) AS label FROM correction WHERE head = 'topic' GROUP BY 1) t ON t.mention_id = m.id
LEFT JOIN (SELECT mention_id, arg_max(label, id) AS label FROM correction WHERE head = 'appeal' GROUP BY 1) a ON a.mention_id = m.id
WHERE NOT m.exercise;
CREATE OR REPLACE VIEW v_daily AS
SELECT CAST(event_at + INTERVAL 8 HOUR AS DATE) AS day, source, count(*) AS mentions,
  count(*) FILTER (repost_of = '') AS independent, count(*) FILTER (repost_of <> '') AS reposts,
  count(*) FILTER (sentiment = 'negative') AS negative, count(*) FILTER (sentiment = 'neutral') AS neutral,
  count(*) FILTER (sentiment = 'positive') AS positive, count(*) FILTER (sentiment = 'unclassified') AS unclassified
FROM mention WHERE NOT exercise GROUP BY ALL;
CREATE OR REPLACE VIEW v_match AS
SELECT mention_id, query, term, field, start_at, end_at, event_at + INTERVAL 8 HOUR AS event_bj FROM mention_match;
CREATE OR REPLACE VIEW v_story AS
SELECT s.id, s.title, s.place, s.topic, s.first_at + INTERVAL 8 HOUR AS first_bj, s.last_at + INTERVAL 8 HOUR AS last_bj,
  count(m.id) AS mentions, count(m.id) FILTER (m.repost_of = '') AS independent,
  count(DISTINCT coalesce(nullif(m.origin, ''), m.source)) AS sources, count(m.id) FILTER (m.sentiment = 'negative') AS negative
FROM story s LEFT JOIN mention m ON m.story_id = s.id AND NOT m.exercise WHERE s.merged_into = '' GROUP BY ALL;
CREATE OR REPLACE VIEW v_incident AS
SELECT i.id, i.number, i.title, i.state, ['blue','yellow','orange','red'][coalesce(i.level_confirmed, i.level_suggested)] AS level,
  i.level_confirmed IS NOT NULL AS level_is_confirmed, ['blue','yellow','orange','red'][i.emergency_grade] AS emergency_grade,
  i.detected_at + INTERVAL 8 HOUR AS detected_bj, i.occurred_at + INTERVAL 8 HOUR AS occurred_bj,
  i.assigned_at + INTERVAL 8 HOUR AS assigned_bj, i.closed_at + INTERVAL 8 HOUR AS closed_bj,
  i.story_id, i.topic, i.place, i.responsible_unit,
  (SELECT min(done_at) FROM acknowledgement k WHERE k.incident_id = i.id) + INTERVAL 8 HOUR AS acknowledged_bj
FROM incident i WHERE NOT i.exercise;
CREATE OR REPLACE VIEW v_clock AS
SELECT c.incident_id, c.clock_id, c.zh, c.t0_name, c.t0 + INTERVAL 8 HOUR AS t0_bj, c.due + INTERVAL 8 HOUR AS due_bj,
  c.met_at + INTERVAL 8 HOUR AS met_bj, c.basis, c.source, c.flag,
  CASE WHEN c.met_at IS NULL THEN NULL ELSE c.met_at <= c.due END AS on_time
FROM clock c JOIN incident i ON i.id = c.incident_id AND NOT i.exercise;
CREATE OR REPLACE VIEW v_delivery AS
SELECT id, channel, receiver, reason, ['blue','yellow','orange','red'][level] AS level, subject,
  created_at + INTERVAL 8 HOUR AS created_bj, sent_at + INTERVAL 8 HOUR AS sent_bj, attempts, status, last_error, incident_id
FROM delivery WHERE NOT exercise;
CREATE OR REPLACE VIEW v_source_health AS
SELECT source, max(finished_at) FILTER (status IN ('found', 'not_modified', 'empty')) + INTERVAL 8 HOUR AS last_success_bj,
  max(finished_at) FILTER (stored > 0) + INTERVAL 8 HOUR AS last_new_bj, arg_max(status, started_at) AS status,
  arg_max(reason, started_at) AS reason, count(*) AS runs, count(*) FILTER (status = 'failed') AS failures,
  sum(stored) AS stored
FROM source_run GROUP BY source;
CREATE OR REPLACE VIEW v_source AS
SELECT source, title, kind, media_tier, purpose, enabled, since + INTERVAL 8 HOUR AS since_bj FROM source_register
QUALIFY row_number() OVER (PARTITION BY source ORDER BY since DESC) = 1;

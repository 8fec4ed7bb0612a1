CREATE TABLE pawl_changes (
    seq      bigint PRIMARY KEY CHECK (seq > 0),
    snapshot boolean     NOT NULL DEFAULT false,
    written  timestamptz NOT NULL DEFAULT now(),
    data     json        NOT NULL
);
COMMENT ON TABLE pawl_changes IS 'The changes of a Pawl registry in order, one JSON object each; never edit by hand.';

-- What was registered, when: one row for each version as it was put. Later deletions are rows of pawl_deletions.
CREATE VIEW pawl_registrations AS
SELECT c.seq,
       c.written,
       r ->> 'subject'                              AS subject,
       (r ->> 'version')::int                       AS version,
       (r ->> 'id')::int                            AS id,
       r ->> 'type'                                 AS type,
       r ->> 'schema'                               AS schema,
       coalesce((r ->> 'deleted')::boolean, false)  AS deleted
FROM pawl_changes c, json_array_elements(c.data -> 'put') r;

CREATE VIEW pawl_deletions AS
SELECT c.seq, c.written, 'soft' AS kind, p ->> 'subject' AS subject, (p ->> 'version')::int AS version
FROM pawl_changes c, json_array_elements(c.data -> 'hide') p
UNION ALL
SELECT c.seq, c.written, 'hard', p ->> 'subject', (p ->> 'version')::int
FROM pawl_changes c, json_array_elements(c.data -> 'remove') p;

-- The versions that exist now: the newest registration of each that no later hard deletion took away.
CREATE VIEW pawl_versions AS
SELECT DISTINCT ON (r.subject, r.version)
       r.subject, r.version, r.id, r.type, r.schema, r.written,
       r.deleted OR EXISTS (SELECT FROM pawl_deletions d
                            WHERE d.kind = 'soft' AND d.subject = r.subject AND d.version = r.version AND d.seq >= r.seq) AS deleted
FROM pawl_registrations r
WHERE NOT EXISTS (SELECT FROM pawl_deletions d
                  WHERE d.kind = 'hard' AND d.subject = r.subject AND d.version = r.version AND d.seq > r.seq)
ORDER BY r.subject, r.version, r.seq DESC;

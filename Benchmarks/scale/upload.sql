-- The transactions with which the store initializes and completes an upload without parts, for pgbench.
--
-- Variables: user, project and folder; shards, the number of shards of each counter that the clients change. The
-- statements and their round trips are those of addUpload, acquireCompletionLease and completeUpload in
-- Sources/PontoonMetadata/Store.
\set id random(1, 9000000000000000000)
\set now 1795000000000
\set shard :client_id % :shards

\startpipeline
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT projects.id AS charged_project, projects.owner AS charged_owner,
    project_quotas.max_bytes AS project_max_bytes, project_quotas.max_files AS project_max_files,
    project_quotas.max_uploads AS project_max_uploads, user_quotas.max_bytes AS owner_max_bytes,
    user_quotas.max_files AS owner_max_files, user_quotas.max_uploads AS owner_max_uploads,
    CAST(COALESCE((SELECT SUM(open_uploads) FROM user_totals WHERE user_name = :user), 0) AS BIGINT) AS open_uploads
FROM files JOIN projects ON projects.id = files.project_id
LEFT JOIN project_quotas ON project_quotas.project_id = projects.id
LEFT JOIN user_quotas ON user_quotas.user_name = projects.owner
WHERE files.id = :folder AND files.project_id = :project AND files.kind = 'folder';
\endpipeline
\startpipeline
INSERT INTO uploads (
    id, user_name, name, size, part_size, overwrites, object_key, initiated_on, state, parent_was_named, parent_id,
    project_id, reserved_bytes
) VALUES (CAST(:id AS TEXT), :user, CAST(:id AS TEXT), 0, 5242880, 0, CAST(:id AS TEXT), :now, 'active', 0, :folder,
    :project, 0);
INSERT INTO user_totals (user_name, shard, projects, open_uploads) VALUES (:user, :shard, 0, 1)
ON CONFLICT (user_name, shard) DO UPDATE SET projects = user_totals.projects + excluded.projects,
    open_uploads = user_totals.open_uploads + excluded.open_uploads;
INSERT INTO project_usage (project_id, shard, stored_bytes, reserved_bytes, files, open_uploads)
VALUES (:project, :shard, 0, 0, 0, 1)
ON CONFLICT (project_id, shard) DO UPDATE SET stored_bytes = project_usage.stored_bytes + excluded.stored_bytes,
    reserved_bytes = project_usage.reserved_bytes + excluded.reserved_bytes,
    files = project_usage.files + excluded.files, open_uploads = project_usage.open_uploads + excluded.open_uploads;
INSERT INTO user_usage (user_name, shard, stored_bytes, reserved_bytes, files, open_uploads)
VALUES (:user, :shard, 0, 0, 0, 1)
ON CONFLICT (user_name, shard) DO UPDATE SET stored_bytes = user_usage.stored_bytes + excluded.stored_bytes,
    reserved_bytes = user_usage.reserved_bytes + excluded.reserved_bytes,
    files = user_usage.files + excluded.files, open_uploads = user_usage.open_uploads + excluded.open_uploads;
COMMIT;
\endpipeline

\startpipeline
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
UPDATE uploads SET state = 'completing', claim_holder = CAST(:id AS TEXT), claim_expires_on = :now
WHERE id = CAST(:id AS TEXT) AND (state = 'active' OR (state = 'completing' AND claim_expires_on <= :now))
RETURNING *;
\endpipeline
\startpipeline
SELECT can_write FROM members WHERE project_id = :project AND user_name = :user AND can_read = 1;
SELECT kind FROM files WHERE parent_id = :folder AND name = CAST(:id AS TEXT);
SELECT * FROM parts WHERE upload_id = CAST(:id AS TEXT) ORDER BY number;
COMMIT;
\endpipeline

\startpipeline
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
SELECT projects.id AS charged_project, projects.owner AS charged_owner,
    project_quotas.max_bytes AS project_max_bytes, project_quotas.max_files AS project_max_files,
    project_quotas.max_uploads AS project_max_uploads, user_quotas.max_bytes AS owner_max_bytes,
    user_quotas.max_files AS owner_max_files, user_quotas.max_uploads AS owner_max_uploads,
    uploads.link_id AS link_id, uploads.user_name AS user_name
FROM uploads JOIN projects ON projects.id = uploads.project_id
LEFT JOIN project_quotas ON project_quotas.project_id = projects.id
LEFT JOIN user_quotas ON user_quotas.user_name = projects.owner
WHERE uploads.id = CAST(:id AS TEXT) FOR SHARE OF projects;
\endpipeline
\startpipeline
UPDATE uploads SET state = 'completed', file_id = CAST(:id AS TEXT), completed_on = :now, labels = NULL
WHERE id = CAST(:id AS TEXT) AND state = 'completing' AND claim_holder = CAST(:id AS TEXT)
RETURNING user_name, object_key, object_handle, reserved_bytes;
\endpipeline
\startpipeline
INSERT INTO user_totals (user_name, shard, projects, open_uploads) VALUES (:user, :shard, 0, -1)
ON CONFLICT (user_name, shard) DO UPDATE SET projects = user_totals.projects + excluded.projects,
    open_uploads = user_totals.open_uploads + excluded.open_uploads;
SELECT kind FROM files WHERE parent_id = :folder AND name = CAST(:id AS TEXT);
\endpipeline
\startpipeline
INSERT INTO objects (key, size, created_on, checked_on) VALUES (CAST(:id AS TEXT), 0, :now, :now);
INSERT INTO files (id, project_id, parent_id, name, kind, object_key, created_on, modified_on)
SELECT CAST(:id AS TEXT), project_id, id, CAST(:id AS TEXT), 'file', CAST(:id AS TEXT), :now, :now
FROM files WHERE id = :folder AND project_id = :project AND kind = 'folder';
\endpipeline
\startpipeline
INSERT INTO folder_totals (folder_id, shard, entries) VALUES (:folder, :shard, 1)
ON CONFLICT (folder_id, shard) DO UPDATE SET entries = folder_totals.entries + excluded.entries;
DELETE FROM parts WHERE upload_id = CAST(:id AS TEXT);
INSERT INTO project_usage (project_id, shard, stored_bytes, reserved_bytes, files, open_uploads)
VALUES (:project, :shard, 0, 0, 1, -1)
ON CONFLICT (project_id, shard) DO UPDATE SET stored_bytes = project_usage.stored_bytes + excluded.stored_bytes,
    reserved_bytes = project_usage.reserved_bytes + excluded.reserved_bytes,
    files = project_usage.files + excluded.files, open_uploads = project_usage.open_uploads + excluded.open_uploads;
INSERT INTO user_usage (user_name, shard, stored_bytes, reserved_bytes, files, open_uploads)
VALUES (:user, :shard, 0, 0, 1, -1)
ON CONFLICT (user_name, shard) DO UPDATE SET stored_bytes = user_usage.stored_bytes + excluded.stored_bytes,
    reserved_bytes = user_usage.reserved_bytes + excluded.reserved_bytes,
    files = user_usage.files + excluded.files, open_uploads = user_usage.open_uploads + excluded.open_uploads;
COMMIT;
\endpipeline

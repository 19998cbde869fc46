extension Migration {
    /// The statements that add a file's project to its tags and metadata pairs, so that a search reads no rows of other
    /// projects.
    static let labelProjects: [SQLStatement] = [
        "ALTER TABLE file_tags ADD COLUMN project_id TEXT NOT NULL DEFAULT ''",
        "UPDATE file_tags SET project_id = (SELECT project_id FROM files WHERE files.id = file_tags.file_id)",
        "CREATE INDEX file_tags_by_project ON file_tags (project_id, tag, file_id)",
        "DROP INDEX file_tags_by_tag",
        "ALTER TABLE file_metadata ADD COLUMN project_id TEXT NOT NULL DEFAULT ''",
        "UPDATE file_metadata SET project_id = (SELECT project_id FROM files WHERE files.id = file_metadata.file_id)",
        "CREATE INDEX file_metadata_by_project ON file_metadata (project_id, key, value, file_id)",
        "DROP INDEX file_metadata_by_value",
    ]
}

extension Migration {
    /// The statements that add jobs, their items and the folders that they are visiting, the conflict rule of uploads,
    /// and indexes for the lists of automations and packages.
    ///
    /// The conflict rule is `NULL` if the column `overwrites` alone determines it.
    static let fileJobs: [SQLStatement] = [
        """
        CREATE TABLE file_jobs (
            id TEXT NOT NULL PRIMARY KEY,
            kind TEXT NOT NULL,
            user_name TEXT NOT NULL REFERENCES users (name) ON DELETE CASCADE,
            token_id TEXT,
            created_on BIGINT NOT NULL,
            queued_on BIGINT NOT NULL,
            started_on BIGINT,
            finished_on BIGINT,
            state TEXT NOT NULL,
            item BIGINT NOT NULL,
            depth BIGINT NOT NULL,
            total_files BIGINT NOT NULL,
            completed_files BIGINT NOT NULL,
            failed_files BIGINT NOT NULL,
            lease_holder TEXT NOT NULL,
            lease_expires_on BIGINT NOT NULL
        )
        """,
        "CREATE INDEX file_jobs_by_user ON file_jobs (user_name, created_on DESC, id)",
        "CREATE INDEX file_jobs_by_queue ON file_jobs (queued_on, id) WHERE state <> 'finished'",
        "CREATE INDEX file_jobs_by_end ON file_jobs (finished_on, id) WHERE state = 'finished'",
        // The ids of files, folders and projects are not foreign keys, because the job must survive their deletion.
        """
        CREATE TABLE file_job_items (
            job_id TEXT NOT NULL REFERENCES file_jobs (id) ON DELETE CASCADE,
            position BIGINT NOT NULL,
            file_id TEXT NOT NULL,
            parent_id TEXT,
            project_id TEXT,
            name TEXT,
            result_id TEXT,
            result_name TEXT,
            result_kind TEXT,
            result_project TEXT,
            result_parent TEXT,
            error_code TEXT,
            error_message TEXT,
            PRIMARY KEY (job_id, position)
        )
        """,
        """
        CREATE TABLE file_job_folders (
            job_id TEXT NOT NULL REFERENCES file_jobs (id) ON DELETE CASCADE,
            depth BIGINT NOT NULL,
            source_id TEXT NOT NULL,
            destination_id TEXT,
            after_name TEXT,
            PRIMARY KEY (job_id, depth)
        )
        """,
        "CREATE INDEX file_job_folders_by_source ON file_job_folders (job_id, source_id)",
        "ALTER TABLE uploads ADD COLUMN conflict_rule TEXT",
        "CREATE INDEX automations_by_owner ON automations (owner, created_on DESC, id)",
        "CREATE INDEX packages_by_automation ON packages (automation_id, created_on DESC, id)",
        "CREATE INDEX file_job_folders_by_destination ON file_job_folders (job_id, destination_id)",
    ]
}

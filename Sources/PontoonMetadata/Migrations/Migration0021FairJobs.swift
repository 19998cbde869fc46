extension Migration {
    /// The statements that add the number of files and folders that a job has visited, and the time of the last turn of
    /// a user's jobs.
    ///
    /// The time is 0 if the user's jobs have had no turn since this migration.
    static let fairJobs: [SQLStatement] = [
        "ALTER TABLE file_jobs ADD COLUMN entries BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE users ADD COLUMN job_turn_on BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX file_jobs_by_waiting_user ON file_jobs (user_name, queued_on, id) WHERE state <> 'finished'",
    ]
}

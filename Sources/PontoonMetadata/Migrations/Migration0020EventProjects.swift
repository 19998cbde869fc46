extension Migration {
    /// The statements that add the time at which the project of an event was created.
    ///
    /// A new project may have the same id as a deleted one. Its members must not read the events of the deleted
    /// project.
    static let eventProjects: [SQLStatement] = [
        "ALTER TABLE events ADD COLUMN project_created_on BIGINT",
        // Applies the rule of earlier versions to existing events. They belong to the project with their id if it was
        // created at most one minute after they occurred, because the clocks of servers may differ.
        """
        UPDATE events SET project_created_on = (
            SELECT created_on FROM projects
            WHERE projects.id = events.project_id AND projects.created_on <= events.occurred_on + 60000
        )
        """,
        "CREATE INDEX events_by_reader ON events (reader) WHERE reader IS NOT NULL",
    ]
}

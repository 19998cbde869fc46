extension Migration {
    /// The statements that add the time at which the project of an event was created.
    ///
    /// A project may have the id of a deleted one, whose events its members must not read.
    static let eventProjects: [SQLStatement] = [
        "ALTER TABLE events ADD COLUMN project_created_on BIGINT",
        // Until now, events from before the creation of a project were hidden, except those of the last minute before
        // it, because the clocks of servers may differ.
        """
        UPDATE events SET project_created_on = (
            SELECT created_on FROM projects
            WHERE projects.id = events.project_id AND projects.created_on <= events.occurred_on + 60000
        )
        """,
        "CREATE INDEX events_by_reader ON events (reader) WHERE reader IS NOT NULL",
    ]
}

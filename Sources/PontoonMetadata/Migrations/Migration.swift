/// A schema change: a step from one version of the tables to the next.
struct Migration: Sendable {
    /// Unique name, recorded in `schema_migrations`.
    let name: String
    /// Returns the statements, which are executed in order and in one transaction.
    let statements: @Sendable (SQLDialect) -> [SQLStatement]

    /// Creates a migration whose statements depend on the database.
    init(name: String, statements: @escaping @Sendable (SQLDialect) -> [SQLStatement]) {
        self.name = name
        self.statements = statements
    }

    /// Creates a migration with the same statements for every database, translated by ``SQLDialect/definition(_:)``.
    init(name: String, statements: [SQLStatement]) {
        self.init(name: name) { _ in statements }
    }
}

extension Migration {
    /// All migrations, oldest first.
    ///
    /// New migrations are appended. A published migration must not be changed.
    ///
    /// Times are stored as Unix time in milliseconds, and Booleans as 0 or 1. The store deletes the rows of files and
    /// uploads with its own statements instead of `ON DELETE CASCADE`, because these rows contain the keys of objects
    /// to discard.
    static let all = [
        Migration(name: "0001-initial", statements: initial),
        Migration(name: "0002-code-packages", statements: codePackages),
        Migration(name: "0003-totals", statements: totals),
        Migration(name: "0004-claims", statements: leases),
        Migration(name: "0005-handles", statements: uploadHandles),
        Migration(name: "0006-label-projects", statements: labelProjects),
        Migration(name: "0007-package-uploads", statements: packageUploads),
        Migration(name: "0008-scrub", statements: scrub),
        Migration(name: "0009-upload-activity", statements: uploadActivity),
        Migration(name: "0010-upload-labels", statements: uploadLabels),
        Migration(name: "0011-upload-links", statements: uploadLinks),
        Migration(name: "0012-tokens", statements: tokens),
        Migration(name: "0013-quotas", statements: quotas),
        Migration(name: "0014-user-emails", statements: userEmails),
        Migration(name: "0015-counter-shards", statements: counterShards),
        Migration(name: "0016-events") { events($0) },
        Migration(name: "0017-file-jobs", statements: fileJobs),
        Migration(name: "0018-webhooks", statements: webhooks),
        Migration(name: "0019-administrators", statements: administrators),
        Migration(name: "0020-event-projects", statements: eventProjects),
        Migration(name: "0021-fair-jobs", statements: fairJobs),
    ]
}

package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func addAutomation(_ automation: Automation) async throws {
        let values: [any SQLConvertible] = [
            automation.id, automation.owner, automation.name, automation.description, automation.createdOn,
        ]
        do {
            try await write { _ = try $0.execute(insertAutomation, values) }
        } catch let error as SQLError where error.kind == .foreignKeyViolation {
            throw PontoonError.noSuchUser
        }
    }

    package func automation(_ id: String) async throws -> Automation? {
        try await read { try $0.query(selectAutomation, [id]).first?.automation() }
    }

    package func automations(
        of owner: String,
        matching filter: AutomationFilter,
        page: Page
    ) async throws -> Listing<Automation> {
        // The statements select the rows whose `is_archived`, 0 or 1, is at most this value.
        let archived = filter.includesArchived
        return try await read { connection in
            let counted: SQLRow?
            let rows: [SQLRow]
            if let name = filter.name {
                counted = try connection.query(countNamedAutomations, [owner, archived, name]).first
                let values: [any SQLConvertible] = [owner, archived, name, page.limit, page.offset]
                rows = try connection.query(selectNamedAutomations, values)
            } else {
                counted = try connection.query(countAutomations, [owner, archived]).first
                rows = try connection.query(selectAutomations, [owner, archived, page.limit, page.offset])
            }
            return Listing(items: try rows.map { try $0.automation() }, total: try counted?.count("total") ?? 0)
        }
    }

    package func updateAutomation(_ id: String, _ change: AutomationChange, now: Date) async throws -> Automation? {
        let values: [(any SQLConvertible)?] = [change.name, change.description, change.isArchived, now, id]
        return try await write { try $0.query(updateAutomationRow, values).first?.automation() }
    }

    package func updatePackage(_ id: String, _ change: CodePackageChange) async throws -> CodePackage? {
        let values: [(any SQLConvertible)?] = [change.memoryLimit, change.isArchived, id]
        return try await write { try $0.query(updatePackageRow, values).first?.codePackage() }
    }

    package func packages(of automation: String, page: Page) async throws -> Listing<CodePackage> {
        try await read { connection in
            let counted = try connection.query(countPackages, [automation]).first
            let rows = try connection.query(selectPackages, [automation, page.limit, page.offset])
            return Listing(items: try rows.map { try $0.codePackage() }, total: try counted?.count("total") ?? 0)
        }
    }

    package func packageUploads(of userName: String, page: Page) async throws -> Listing<UploadSummary> {
        try await read { connection in
            let counted = try connection.query(countPackageUploads, [userName]).first
            let rows = try connection.query(selectPackageUploads, [userName, page.limit, page.offset])
            return Listing(items: try connection.summaries(rows), total: try counted?.count("total") ?? 0)
        }
    }

    package func packageFile(_ id: String) async throws -> PackageFile? {
        try await read { try $0.query(selectPackageFile, [id]).first?.packageFile() }
    }

    package func addPackage(_ package: CodePackage) async throws {
        let values: [(any SQLConvertible)?] = [
            package.id, package.version, package.schema, package.memoryLimit, package.python, package.createdBy,
            package.createdOn, package.location, package.automation,
        ]
        guard try await write({ try $0.execute(insertPackage, values) == 1 }) else {
            throw PontoonError(.packageNotFound, "The automation has no package file with this id.")
        }
    }

    package func package(_ id: String) async throws -> CodePackage? {
        try await read { try $0.query(selectPackage, [id]).first?.codePackage() }
    }
}

extension SQLConnection {
    /// Adds a package file.
    ///
    /// The object of the file must already have been added.
    func insert(_ file: PackageFile) throws {
        try execute(insertPackageFile, [file.id, file.automation, file.name, file.content.key, file.createdOn])
    }
}

extension SQLRow {
    fileprivate func automation() throws -> Automation {
        Automation(
            id: try text("id"),
            owner: try text("owner"),
            name: try text("name"),
            description: try text("description"),
            createdOn: try date("created_on"),
            modifiedOn: try optionalDate("modified_on"),
            isArchived: try flag("is_archived")
        )
    }

    fileprivate func packageFile() throws -> PackageFile {
        PackageFile(
            id: try text("id"),
            automation: try text("automation_id"),
            name: try text("name"),
            content: try fileContent(key: "object_key"),
            createdOn: try date("created_on")
        )
    }

    fileprivate func codePackage() throws -> CodePackage {
        CodePackage(
            id: try text("id"),
            automation: try text("automation_id"),
            version: try text("version"),
            location: try text("file_id"),
            schema: try text("schema"),
            memoryLimit: try optionalInteger("memory_limit"),
            python: try optionalText("python"),
            createdBy: try text("created_by"),
            createdOn: try date("created_on"),
            isArchived: try flag("is_archived")
        )
    }
}

private let insertAutomation: SQLStatement = """
    INSERT INTO automations (id, owner, name, description, created_on) VALUES ($1, $2, $3, $4, $5)
    """
private let automationColumns = "id, owner, name, description, created_on, modified_on, is_archived"
private let selectAutomation = SQLStatement(
    constant: "SELECT \(automationColumns) FROM automations WHERE id = $1"
)
private let updateAutomationRow = SQLStatement(
    constant: """
        UPDATE automations SET name = COALESCE($1, name), description = COALESCE($2, description),
            is_archived = COALESCE($3, is_archived), modified_on = $4
        WHERE id = $5 RETURNING \(automationColumns)
        """
)
private let countAutomations: SQLStatement = """
    SELECT COUNT(*) AS total FROM automations WHERE owner = $1 AND is_archived <= $2
    """
private let countNamedAutomations: SQLStatement = """
    SELECT COUNT(*) AS total FROM automations WHERE owner = $1 AND is_archived <= $2 AND name = $3
    """
private let selectAutomations = SQLStatement(
    constant: """
        SELECT \(automationColumns) FROM automations WHERE owner = $1 AND is_archived <= $2
        ORDER BY created_on DESC, id LIMIT $3 OFFSET $4
        """
)
private let selectNamedAutomations = SQLStatement(
    constant: """
        SELECT \(automationColumns) FROM automations WHERE owner = $1 AND is_archived <= $2 AND name = $3
        ORDER BY created_on DESC, id LIMIT $4 OFFSET $5
        """
)
private let packageColumns = """
    id, automation_id, version, file_id, schema, memory_limit, python, created_by, created_on, is_archived
    """
private let countPackages: SQLStatement = "SELECT COUNT(*) AS total FROM packages WHERE automation_id = $1"
private let selectPackages = SQLStatement(
    constant: """
        SELECT \(packageColumns) FROM packages WHERE automation_id = $1
        ORDER BY created_on DESC, id LIMIT $2 OFFSET $3
        """
)
private let countPackageUploads: SQLStatement = """
    SELECT COUNT(*) AS total FROM uploads
    WHERE user_name = $1 AND state <> 'completed' AND automation_id IS NOT NULL
    """
// No index has this order, but the number of a user's unfinished uploads is limited.
private let selectPackageUploads = SQLStatement(
    constant: """
        SELECT \(uploadColumns) FROM uploads
        WHERE user_name = $1 AND state <> 'completed' AND automation_id IS NOT NULL
        ORDER BY initiated_on DESC, id DESC LIMIT $2 OFFSET $3
        """
)
private let insertPackageFile: SQLStatement = """
    INSERT INTO package_files (id, automation_id, name, object_key, created_on) VALUES ($1, $2, $3, $4, $5)
    """
private let selectPackageFile = SQLStatement(
    constant: """
        SELECT package_files.id AS id, package_files.automation_id AS automation_id, package_files.name AS name,
            package_files.object_key AS object_key, package_files.created_on AS created_on, \(contentColumns)
        FROM package_files JOIN objects ON objects.key = package_files.object_key WHERE package_files.id = $1
        """
)
private let insertPackage: SQLStatement = """
    INSERT INTO packages (
        id, version, schema, memory_limit, python, created_by, created_on, file_id, automation_id
    )
    SELECT $1, $2, $3, $4, $5, $6, $7, id, automation_id FROM package_files WHERE id = $8 AND automation_id = $9
    """
private let selectPackage = SQLStatement(constant: "SELECT \(packageColumns) FROM packages WHERE id = $1")
private let updatePackageRow = SQLStatement(
    constant: """
        UPDATE packages SET memory_limit = COALESCE($1, memory_limit), is_archived = COALESCE($2, is_archived)
        WHERE id = $3 RETURNING \(packageColumns)
        """
)

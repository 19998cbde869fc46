import Foundation
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

    package func automations(of owner: String, named name: String?, page: Page) async throws -> Listing<Automation> {
        try await read { connection in
            let counted: SQLRow?
            let rows: [SQLRow]
            if let name {
                counted = try connection.query(countNamedAutomations, [owner, name]).first
                rows = try connection.query(selectNamedAutomations, [owner, name, page.limit, page.offset])
            } else {
                counted = try connection.query(countAutomations, [owner]).first
                rows = try connection.query(selectAutomations, [owner, page.limit, page.offset])
            }
            return Listing(items: try rows.map { try $0.automation() }, total: try counted?.count("total") ?? 0)
        }
    }

    package func packages(of automation: String, page: Page) async throws -> Listing<CodePackage> {
        try await read { connection in
            let counted = try connection.query(countPackages, [automation]).first
            let rows = try connection.query(selectPackages, [automation, page.limit, page.offset])
            return Listing(items: try rows.map { try $0.codePackage() }, total: try counted?.count("total") ?? 0)
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
    /// Adds a package file, whose object must exist.
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
            createdOn: try date("created_on")
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
            createdOn: try date("created_on")
        )
    }
}

private let insertAutomation: SQLStatement = """
    INSERT INTO automations (id, owner, name, description, created_on) VALUES ($1, $2, $3, $4, $5)
    """
private let selectAutomation: SQLStatement = """
    SELECT id, owner, name, description, created_on FROM automations WHERE id = $1
    """
private let countAutomations: SQLStatement = "SELECT COUNT(*) AS total FROM automations WHERE owner = $1"
private let countNamedAutomations: SQLStatement = """
    SELECT COUNT(*) AS total FROM automations WHERE owner = $1 AND name = $2
    """
private let selectAutomations: SQLStatement = """
    SELECT id, owner, name, description, created_on FROM automations WHERE owner = $1
    ORDER BY created_on DESC, id LIMIT $2 OFFSET $3
    """
private let selectNamedAutomations: SQLStatement = """
    SELECT id, owner, name, description, created_on FROM automations WHERE owner = $1 AND name = $2
    ORDER BY created_on DESC, id LIMIT $3 OFFSET $4
    """
private let countPackages: SQLStatement = "SELECT COUNT(*) AS total FROM packages WHERE automation_id = $1"
private let selectPackages: SQLStatement = """
    SELECT id, automation_id, version, file_id, schema, memory_limit, python, created_by, created_on
    FROM packages WHERE automation_id = $1 ORDER BY created_on DESC, id LIMIT $2 OFFSET $3
    """
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
private let selectPackage: SQLStatement = """
    SELECT id, automation_id, version, file_id, schema, memory_limit, python, created_by, created_on
    FROM packages WHERE id = $1
    """

package import PontoonFoundation

/// The use cases that create, change and look up automations and their code packages.
///
/// The files of code packages are uploaded with ``Uploads/ofCodePackages``.
package struct Automations: Sendable {
    private let metadata: any MetadataStore
    private let access: Access
    private let now: @Sendable () -> Date

    package init(metadata: any MetadataStore, now: @escaping @Sendable () -> Date = { Date() }) {
        self.metadata = metadata
        self.access = Access(metadata: metadata)
        self.now = now
    }

    /// Creates an automation that belongs to the caller.
    ///
    /// - Throws: `.badRequest` if the name is missing or empty, or a field is too long; `.forbidden` for a service user
    ///   or a token that is limited to projects.
    package func create(name: String?, description: String?, caller: Caller) async throws -> Automation {
        try access.checkMayOwn("automations", caller: caller)
        guard let name, !name.isEmpty else { throw PontoonError(.badRequest, "The field 'name' is missing or empty.") }
        try FieldRules.check("name", name: name)
        try FieldRules.check(description: description)
        let automation = Automation(
            id: Identifiers.uuid(),
            owner: caller.name,
            name: name,
            description: description ?? "",
            createdOn: now()
        )
        try await metadata.addAutomation(automation)
        return automation
    }

    /// Returns one of the caller's automations.
    ///
    /// - Throws: `.automationNotFound` if the automation does not exist or belongs to another user, or if the caller's
    ///   token is limited to projects.
    package func details(_ id: String, caller: Caller) async throws -> Automation {
        try await access.automation(id, for: caller)
    }

    /// Returns one page of the caller's automations, newest first; none if the caller's token is limited to projects.
    ///
    /// - Throws: `.badRequest` if the name in the filter is longer than the name of an automation can be.
    package func list(
        matching filter: AutomationFilter,
        caller: Caller,
        page: Page
    ) async throws -> Listing<Automation> {
        try FieldRules.check("name", name: filter.name)
        if caller.isLimited { return Listing(items: [], total: 0) }
        return try await metadata.automations(of: caller.name, matching: filter, page: page)
    }

    /// Changes the name or description of one of the caller's automations, or archives or restores it.
    ///
    /// - Throws: The errors of ``details(_:caller:)``; `.badRequest` if the new name is empty, or a field is too long.
    package func update(_ id: String, _ change: AutomationChange, caller: Caller) async throws -> Automation {
        let automation = try await access.automation(id, for: caller)
        if change.name?.isEmpty == true { throw PontoonError(.badRequest, "The field 'name' must not be empty.") }
        try FieldRules.check("name", name: change.name)
        try FieldRules.check(description: change.description)
        if change == AutomationChange() { return automation }
        guard let updated = try await metadata.updateAutomation(id, change, now: now()) else {
            throw PontoonError.automationNotFound
        }
        return updated
    }

    /// Returns one page of the code packages of one of the caller's automations, newest first.
    ///
    /// - Throws: The errors of ``details(_:caller:)``.
    package func packages(of id: String, caller: Caller, page: Page) async throws -> Listing<CodePackage> {
        try await metadata.packages(of: try await access.automation(id, for: caller).id, page: page)
    }

    /// Creates a code package from a file that was uploaded to the automation.
    ///
    /// - Throws: The errors of ``details(_:caller:)``; `.badRequest` if `location` is not the id of a file of this
    ///   automation, or a field is too long.
    package func addPackage(_ request: NewCodePackage, to id: String, caller: Caller) async throws -> CodePackage {
        let automation = try await access.automation(id, for: caller)
        try FieldRules.check("version", name: request.version)
        try FieldRules.check("python", name: request.python)
        try FieldRules.check("schema", json: request.schema)
        guard try await metadata.packageFile(request.location)?.automation == automation.id else {
            throw PontoonError(.badRequest, "The field 'location' must be the id of a file of this automation.")
        }
        let package = CodePackage(
            id: Identifiers.uuid(),
            automation: automation.id,
            version: request.version,
            location: request.location,
            schema: request.schema,
            memoryLimit: request.memoryLimit,
            python: request.python,
            createdBy: caller.name,
            createdOn: now()
        )
        try await metadata.addPackage(package)
        return package
    }

    /// Returns a code package of one of the caller's automations.
    ///
    /// - Throws: `.packageNotFound` if the package does not exist or its automation belongs to another user, or if the
    ///   caller's token is limited to projects.
    package func package(_ id: String, caller: Caller) async throws -> CodePackage {
        guard !caller.isLimited, let package = try await metadata.package(id),
            try await metadata.automation(package.automation)?.owner == caller.name
        else {
            throw Self.packageNotFound
        }
        return package
    }

    /// Changes the memory limit of a code package, or archives or restores it.
    ///
    /// - Parameters:
    ///   - id: Id of the package.
    ///   - automation: Id of the automation to which the package must belong; `nil` accepts any of the caller's
    ///     automations.
    ///   - change: The change.
    ///   - caller: The owner of the automation.
    /// - Returns: The package after the change.
    /// - Throws: The errors of ``package(_:caller:)``; `.packageNotFound` if the package belongs to another automation.
    package func updatePackage(
        _ id: String,
        of automation: String? = nil,
        _ change: CodePackageChange,
        caller: Caller
    ) async throws -> CodePackage {
        let package = try await package(id, caller: caller)
        guard automation == nil || automation == package.automation else { throw Self.packageNotFound }
        if change == CodePackageChange() { return package }
        guard let updated = try await metadata.updatePackage(id, change) else { throw Self.packageNotFound }
        return updated
    }

    private static var packageNotFound: PontoonError {
        PontoonError(.packageNotFound, "Requested code package does not exist.")
    }
}

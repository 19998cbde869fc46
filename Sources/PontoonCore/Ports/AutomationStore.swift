package import PontoonFoundation

/// Storage of automations and their code packages.
package protocol AutomationStore: Sendable {
    /// Adds an automation.
    ///
    /// - Throws: `.userNotFound` if the owner does not exist.
    func addAutomation(_ automation: Automation) async throws
    /// Returns an automation; `nil` if it does not exist.
    func automation(_ id: String) async throws -> Automation?
    /// Returns one page of the automations that a user owns and that match a filter, newest first, and their total
    /// number.
    func automations(
        of owner: String,
        matching filter: AutomationFilter,
        page: Page
    ) async throws -> Listing<Automation>
    /// Changes an automation, and sets its modification time to `now`.
    ///
    /// - Returns: The automation after the change; `nil` if it does not exist.
    func updateAutomation(_ id: String, _ change: AutomationChange, now: Date) async throws -> Automation?
    /// Changes a code package.
    ///
    /// - Returns: The package after the change; `nil` if it does not exist.
    func updatePackage(_ id: String, _ change: CodePackageChange) async throws -> CodePackage?
    /// Returns one page of the code packages of an automation, newest first, and their total number.
    func packages(of automation: String, page: Page) async throws -> Listing<CodePackage>
    /// Returns a package file; `nil` if it does not exist.
    func packageFile(_ id: String) async throws -> PackageFile?
    /// Adds a code package.
    ///
    /// - Throws: `.packageNotFound` if ``CodePackage/location`` is not the id of a package file of the same automation.
    func addPackage(_ package: CodePackage) async throws
    /// Returns a code package; `nil` if it does not exist.
    func package(_ id: String) async throws -> CodePackage?
}

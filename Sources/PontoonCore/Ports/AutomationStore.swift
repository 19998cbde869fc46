/// Automations and their code packages.
package protocol AutomationStore: Sendable {
    /// Adds an automation.
    /// - Throws: `.userNotFound` if its owner does not exist.
    func addAutomation(_ automation: Automation) async throws
    /// - Returns: `nil` if there is no such automation.
    func automation(_ id: String) async throws -> Automation?
    /// - Returns: `nil` if no upload was completed as a package file with this id.
    func packageFile(_ id: String) async throws -> PackageFile?
    /// Adds a package.
    /// - Throws: `.packageNotFound` if its location is not a package file of its automation.
    func addPackage(_ package: CodePackage) async throws
    /// - Returns: `nil` if there is no such package.
    func package(_ id: String) async throws -> CodePackage?
}

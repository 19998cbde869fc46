/// Storage of automations and their code packages.
package protocol AutomationStore: Sendable {
    /// Adds an automation.
    /// - Throws: `.userNotFound` if its owner does not exist.
    func addAutomation(_ automation: Automation) async throws
    /// Returns an automation; `nil` if it does not exist.
    func automation(_ id: String) async throws -> Automation?
    /// Returns automations of a user, newest first, and their number; with a name, only those that have it.
    func automations(of owner: String, named name: String?, page: Page) async throws -> Listing<Automation>
    /// Returns the code packages of an automation, newest first, and their number.
    func packages(of automation: String, page: Page) async throws -> Listing<CodePackage>
    /// Returns a package file; `nil` if it does not exist.
    func packageFile(_ id: String) async throws -> PackageFile?
    /// Adds a code package.
    /// - Throws: `.packageNotFound` if its location is not a package file of its automation.
    func addPackage(_ package: CodePackage) async throws
    /// Returns a code package; `nil` if it does not exist.
    func package(_ id: String) async throws -> CodePackage?
}

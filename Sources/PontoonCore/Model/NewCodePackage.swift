/// A request to add a code package to an automation.
package struct NewCodePackage: Hashable, Sendable {
    /// Name of the version, chosen by the client; not empty.
    package let version: String
    /// Id of the uploaded ``PackageFile`` with the code; not validated.
    package let location: String
    /// JSON text of an object that describes the code's inputs and outputs; Pontoon does not interpret it.
    package let schema: String
    /// Requested memory in megabytes; `nil` if the client did not request any.
    package let memoryLimit: Int64?
    /// Requested Python version; `nil` if the client did not request one.
    package let python: String?

    package init(version: String, location: String, schema: String, memoryLimit: Int64?, python: String?) {
        self.version = version
        self.location = location
        self.schema = schema
        self.memoryLimit = memoryLimit
        self.python = python
    }
}

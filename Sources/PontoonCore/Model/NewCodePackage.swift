/// A code package to add to an automation, as the caller describes it.
package struct NewCodePackage: Hashable, Sendable {
    /// The name that the client chose; not empty.
    package let version: String
    /// Id of an uploaded ``PackageFile``; unchecked.
    package let location: String
    /// The code's inputs and outputs: a JSON object as text, stored and returned unchanged.
    package let schema: String
    /// Requested memory in megabytes.
    package let memoryLimit: Int64?
    /// Requested version of Python.
    package let python: String?

    package init(version: String, location: String, schema: String, memoryLimit: Int64?, python: String?) {
        self.version = version
        self.location = location
        self.schema = schema
        self.memoryLimit = memoryLimit
        self.python = python
    }
}

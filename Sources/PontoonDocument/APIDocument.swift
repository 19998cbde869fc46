/// The description of the API that clients and tools read.
package enum APIDocument {
    /// OpenAPI 3.1 in YAML, UTF-8.
    package static var openAPI: [UInt8] { PackageResources.openapi_yaml }
}

import Foundation
package import SystemPackage

/// Programs that `Scripts/setup --test` installs for the tests.
package enum TestTools {
    /// The folder of the package.
    package static let package: FilePath = {
        var path = FilePath(#filePath)
        for _ in 0..<4 { path.removeLastComponent() }
        return path
    }()

    /// Python with the packages of `Scripts/requirements.txt`.
    package static let python = package.appending(".venv/bin/python")

    /// SeaweedFS, from the same packages.
    package static let weed = package.appending(".venv/bin/weed")

    /// Whether tests may start PostgreSQL and SeaweedFS; `make check` sets `TEST_ENGINES=none`.
    package static let areEnginesAllowed = ProcessInfo.processInfo.environment["TEST_ENGINES"] != "none"

    /// A script of `Scripts/engines`, which runs a database or an S3 server.
    package static func engine(_ name: String) -> FilePath { package.appending("Scripts/engines").appending(name) }
}

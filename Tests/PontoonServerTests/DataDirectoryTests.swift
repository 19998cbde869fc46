import Foundation
import PontoonTesting
import SystemPackage
import Testing

@testable import PontoonApp

struct DataDirectoryTests {
    @Test("a directory keeps its identifier, which is not replaced if it cannot be read")
    func identity() async throws {
        try await withTemporaryFolder { folder in
            let identity = try DataDirectory.identity(folder)
            #expect(try DataDirectory.identity(folder) == identity)
            let file = folder.appending("id")
            try FileManager.default.removeItem(atPath: file.string)
            try FileManager.default.createDirectory(atPath: file.string, withIntermediateDirectories: false)
            let error = #expect(throws: SettingError.self) { try DataDirectory.identity(folder) }
            #expect(error?.description.contains("cannot read") == true)
        }
    }
}

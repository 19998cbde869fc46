import PontoonCore
import PontoonTesting
import Testing

@testable import PontoonMetadata

@Suite("Migrations preserve data of older versions")
struct MigrationTests {
    /// An upload with two parts and a completed upload, as migration 0001 stores them.
    private static let firstVersion: [SQLStatement] = [
        "INSERT INTO users VALUES ('ada', 0)",
        """
        INSERT INTO projects VALUES ('ada/reads', 'u', 'ada', 'Reads', 'reads', '', '{}', 'b',
            '0123456789abcdef01234567', 'ada', 0, 0)
        """,
        """
        INSERT INTO files VALUES ('0123456789abcdef01234567', 'ada/reads', NULL, '', 'folder', NULL, 0, 0)
        """,
        """
        INSERT INTO uploads VALUES ('up', 'ada', 'ada/reads', '0123456789abcdef01234567', 1, 'ü', 10, 5, 'd', 1,
            '0123456789abcdef0123456789abcdef', 1000, 'active', NULL, NULL)
        """,
        """
        INSERT INTO uploads VALUES ('done', 'ada', 'ada/reads', '0123456789abcdef01234567', 0, 'b', NULL, 5,
            NULL, 0, '1123456789abcdef0123456789abcdef', 1000, 'completed', 'f', 2000)
        """,
        "INSERT INTO parts VALUES ('up', 1, 5, 'tag', '0123456789abcdef', 'slot', 1500, 1)",
        "INSERT INTO parts VALUES ('up', 2, 3, 'tag', NULL, 'slot', 1500, 0)",
    ]

    @Test("uploads and parts are preserved when their tables are copied", arguments: TestDatabase.all)
    func codePackages(_ database: TestDatabase) async throws {
        try await withDriver(database) { driver in
            try await Migrator.migrate(driver, Array(Migration.all.prefix(1)))
            let folder = "0123456789abcdef01234567"
            try await driver.write { connection in
                for statement in Self.firstVersion { try connection.execute(statement) }
            }
            let store = try await SQLMetadataStore(driver: driver)
            let upload = try #require(try await store.upload("up"))
            #expect(
                upload.destination
                    == .folder(id: folder, project: ProjectID(owner: "ada", shortName: "reads"), wasGivenByFolder: true)
            )
            #expect(upload.name == "ü" && upload.size == 10 && upload.md5 == "d" && upload.overwrite)
            #expect(try await store.parts(of: "up").map(\.size) == [5, 3])
            #expect(try await store.parts(of: "up").map(\.isReported) == [true, false])
            let done = try #require(try await store.upload("done"))
            #expect(done.state == .completed && done.fileID == "f" && done.size == nil)
            #expect(try await store.abortUpload("up"))
            #expect(try await store.parts(of: "up") == [], "parts are still deleted with their upload")
        }
    }

    @Test("totals of existing rows are computed once", arguments: TestDatabase.all)
    func totals(_ database: TestDatabase) async throws {
        try await withDriver(database) { driver in
            try await Migrator.migrate(driver, Array(Migration.all.prefix(1)))
            let (root, folder) = ("0123456789abcdef01234567", "1123456789abcdef01234567")
            try await driver.write { connection in
                for statement in Self.firstVersion + Self.withTwoEntries { try connection.execute(statement) }
            }
            let store = try await SQLMetadataStore(driver: driver)
            let nothing = Page(offset: 0, limit: 0)
            #expect(try await store.files(in: root, filter: FileFilter(), window: .page(nothing)).total == 1)
            #expect(try await store.files(in: folder, filter: FileFilter(), window: .page(nothing)).total == 1)
            #expect(try await store.uploads(of: "ada", page: nothing).total == 1)
            let projects = try await store.projects(for: "bob", matching: ProjectFilter(), page: .all)
            #expect(projects.total == 2 && projects.items.map(\.project.id.shortName) == ["new", "reads"])
            #expect(try await store.projects(for: "ada", matching: ProjectFilter(), page: .all).total == 1)
            #expect(try await store.deleteFile("2123456789abcdef01234567"))
            #expect(try await store.files(in: folder, filter: FileFilter(), window: .page(nothing)).total == 0)
        }
    }

    /// A nested folder, and a newer project of another member.
    private static let withTwoEntries: [SQLStatement] = [
        """
        INSERT INTO files VALUES ('1123456789abcdef01234567', 'ada/reads', '0123456789abcdef01234567', 'a', 'folder',
            NULL, 0, 0)
        """,
        """
        INSERT INTO files VALUES ('2123456789abcdef01234567', 'ada/reads', '1123456789abcdef01234567', 'b', 'folder',
            NULL, 0, 0)
        """,
        "INSERT INTO users VALUES ('bob', 0)",
        """
        INSERT INTO projects VALUES ('bob/new', 'v', 'bob', 'New', 'new', '', '{}', 'b', '3123456789abcdef01234567',
            'bob', 5, 5)
        """,
        "INSERT INTO members VALUES ('ada/reads', 'ada', 1, 1, 1, 1, 1)",
        "INSERT INTO members VALUES ('ada/reads', 'bob', 1, 1, 1, 1, 0)",
        "INSERT INTO members VALUES ('bob/new', 'bob', 1, 1, 1, 1, 1)",
    ]
}

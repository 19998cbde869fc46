import PontoonMetadata
import PontoonTesting
import Testing

@Suite("The SQL store on SQLite keeps the contract")
struct SQLiteContractTests {
    @Test("of identities", arguments: IdentityContract.allCases)
    func identity(_ rule: IdentityContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of projects", arguments: ProjectContract.allCases)
    func projects(_ rule: ProjectContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of members", arguments: MemberContract.allCases)
    func members(_ rule: MemberContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of files", arguments: FileContract.allCases)
    func files(_ rule: FileContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of lists of files, tags and metadata", arguments: FileListContract.allCases)
    func fileLists(_ rule: FileListContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of changes of files, and of lists from name to name", arguments: FileChangeContract.allCases)
    func fileChanges(_ rule: FileChangeContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of totals, and of pages from both ends", arguments: ListTotalContract.allCases)
    func listTotals(_ rule: ListTotalContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of copies and moves", arguments: CopyMoveContract.allCases)
    func copiesAndMoves(_ rule: CopyMoveContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of uploads", arguments: UploadContract.allCases)
    func uploads(_ rule: UploadContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of completion", arguments: CompletionContract.allCases)
    func completion(_ rule: CompletionContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of parts", arguments: PartContract.allCases)
    func parts(_ rule: PartContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of automations and their packages", arguments: AutomationContract.allCases)
    func automations(_ rule: AutomationContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }

    @Test("of signing keys", arguments: SigningKeyContract.allCases)
    func signingKeys(_ rule: SigningKeyContract) async throws {
        try await withSQLiteStore { try await rule.check($0) }
    }
}

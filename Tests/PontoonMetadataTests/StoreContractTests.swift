import PontoonMetadata
import PontoonTesting
import Testing

@Suite("The SQL store fulfills the contract")
struct StoreContractTests {
    @Test("of identities", arguments: TestDatabase.all, IdentityContract.allCases)
    func identity(_ database: TestDatabase, _ rule: IdentityContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of projects", arguments: TestDatabase.all, ProjectContract.allCases)
    func projects(_ database: TestDatabase, _ rule: ProjectContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of members", arguments: TestDatabase.all, MemberContract.allCases)
    func members(_ database: TestDatabase, _ rule: MemberContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of files", arguments: TestDatabase.all, FileContract.allCases)
    func files(_ database: TestDatabase, _ rule: FileContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of lists of files, tags and metadata", arguments: TestDatabase.all, FileListContract.allCases)
    func fileLists(_ database: TestDatabase, _ rule: FileListContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test(
        "of changes of files, and of lists by name",
        arguments: TestDatabase.all,
        FileChangeContract.allCases
    )
    func fileChanges(_ database: TestDatabase, _ rule: FileChangeContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of totals and of pages from both ends", arguments: TestDatabase.all, ListTotalContract.allCases)
    func listTotals(_ database: TestDatabase, _ rule: ListTotalContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of copies and moves", arguments: TestDatabase.all, CopyMoveContract.allCases)
    func copiesAndMoves(_ database: TestDatabase, _ rule: CopyMoveContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of uploads", arguments: TestDatabase.all, UploadContract.allCases)
    func uploads(_ database: TestDatabase, _ rule: UploadContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of cached rows", arguments: TestDatabase.all, RecentContract.allCases)
    func recent(_ database: TestDatabase, _ rule: RecentContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of leases", arguments: TestDatabase.all, LeaseContract.allCases)
    func claims(_ database: TestDatabase, _ rule: LeaseContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of completion", arguments: TestDatabase.all, CompletionContract.allCases)
    func completion(_ database: TestDatabase, _ rule: CompletionContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of parts", arguments: TestDatabase.all, PartContract.allCases)
    func parts(_ database: TestDatabase, _ rule: PartContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test(
        "of uploads directly to another store",
        arguments: TestDatabase.all,
        PresignedUploadContract.allCases
    )
    func directUploads(_ database: TestDatabase, _ rule: PresignedUploadContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of automations and their packages", arguments: TestDatabase.all, AutomationContract.allCases)
    func automations(_ database: TestDatabase, _ rule: AutomationContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }

    @Test("of signing keys", arguments: TestDatabase.all, SigningKeyContract.allCases)
    func signingKeys(_ database: TestDatabase, _ rule: SigningKeyContract) async throws {
        try await withStore(in: database) { try await rule.check($0) }
    }
}

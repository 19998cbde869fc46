import Foundation
import PontoonCore
import Testing

@Suite("Completion plan of an upload whose parts passed through this server")
struct CompletionPlanTests {
    @Test(
        "reported parts must be numbered without gaps and add up to the declared size",
        arguments: [
            (parts: [], size: nil, refusal: "No part was reported; send and report all parts first."),
            (parts: [], size: 1, refusal: "No part was reported; send and report all parts first."),
            (
                parts: [(1, 5, false)], size: 5,
                refusal: "No part was reported (stored parts: 1); report all parts first."
            ),
            (parts: [(2, 5, true)], size: 5, refusal: "Parts are missing: 1."),
            (parts: [(1, 5, true), (3, 5, true)], size: nil, refusal: "Parts are missing: 2."),
            (parts: [(1, 5, true), (2, 5, false), (3, 5, true)], size: 15, refusal: "Parts are missing: 2."),
            (parts: [(1, 5, true)], size: 6, refusal: "The reported parts contain 5 bytes, but 6 were declared."),
            (parts: [(1, 5, true)], size: 4, refusal: "The reported parts contain 5 bytes, but 4 were declared."),
            (
                parts: [(13, 1, true)], size: nil,
                refusal: "Parts are missing: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more."
            ),
            (
                parts: [(1, 5 << 40, true), (2, 1, true)], size: nil,
                refusal: "The reported parts exceed 5 TiB, the maximum file size."
            ),
            (parts: [(1, nil, true)], size: 5, refusal: "The length of part 1 is unknown; send it again."),
        ] as [([(Int, Int64?, Bool)], Int64?, String)]
    )
    func refusals(parts: [(Int, Int64?, Bool)], size: Int64?, refusal: String) throws {
        let error = try #require(throws: PontoonError.self) { try plan(parts, size: size) }
        #expect(error.code == .completeRefused)
        #expect(error.message == refusal)
    }

    @Test(
        "a complete upload is assembled from its reported parts",
        arguments: [
            (parts: [], size: 0, kept: 0),
            (parts: [(1, 0, true)], size: 0, kept: 1),
            (parts: [(1, 5, true), (2, 6, true), (3, 0, true)], size: 11, kept: 3),
            (parts: [(1, 5, true), (2, 6, true)], size: nil, kept: 2),
            (parts: [(1, 5, true), (2, 6, false)], size: 5, kept: 1),
        ] as [([(Int, Int64?, Bool)], Int64?, Int)]
    )
    func assemblies(parts: [(Int, Int64?, Bool)], size: Int64?, kept: Int) throws {
        let plan = try plan(parts, size: size)
        #expect(plan.parts.map(\.number.rawValue) == parts.prefix(kept).map(\.0))
        #expect(plan.leavesOutParts == (kept < parts.count))
    }

    @Test("lengths that only the object store knows are not checked")
    func unknownLengths() throws {
        let plan = try plan([(1, nil, true), (2, nil, true)], size: 11, knowsLengths: false)
        #expect(plan.parts.count == 2)
        #expect(throws: PontoonError.self) { try self.plan([(2, nil, true)], size: 11, knowsLengths: false) }
    }

    @Test("an initiator who may no longer write is refused, but an admin is not")
    func rights() throws {
        let error = try #require(throws: PontoonError.self) { try plan([], size: 0, initiatorMayWrite: false) }
        #expect(error.code == .uploadForbidden)
        _ = try plan([], size: 0, caller: "admin", initiatorMayWrite: false)
    }

    @Test(
        "a taken name is refused, unless the rule replaces or keeps a file, or chooses another name",
        arguments: [
            (nil, .fail, true), (nil, .overwrite, true), (.file, .fail, false), (.file, .overwrite, true),
            (.folder, .fail, false), (.folder, .overwrite, false), (.file, .skip, true), (.folder, .skip, false),
            (.file, .rename, true), (.folder, .rename, true),
        ] as [(File.Kind?, NameConflictRule, Bool)]
    )
    func names(existing: File.Kind?, rule: NameConflictRule, isAccepted: Bool) throws {
        do {
            _ = try plan([], size: 0, existing: existing, rule: rule)
            #expect(isAccepted)
        } catch {
            #expect(!isAccepted)
            #expect((error as? PontoonError)?.code == .nameTaken)
        }
    }

    private func plan(
        _ parts: [(Int, Int64?, Bool)],
        size: Int64?,
        caller: String = "u",
        initiatorMayWrite: Bool = true,
        existing: File.Kind? = nil,
        rule: NameConflictRule = .fail,
        knowsLengths: Bool = true
    ) throws -> CompletionPlan {
        let snapshot = CompletionSnapshot(
            upload: .fixture(size: size, rule: rule),
            initiatorMayWrite: initiatorMayWrite,
            parts: try parts.map { .fixture(try PartNumber($0), size: $1, isReported: $2) },
            existingEntry: existing
        )
        return try CompletionPlan(snapshot, caller: caller, knowsLengths: knowsLengths)
    }
}

extension Upload {
    /// Creates an upload of the user "u".
    static func fixture(
        size: Int64? = 0,
        rule: NameConflictRule = .fail,
        state: State = .completing,
        fileID: String? = nil,
        leaseExpiresOn: Date? = nil
    ) -> Upload {
        Upload(
            id: "upload",
            userName: "u",
            destination: .folder(id: "f", project: ProjectID(owner: "u", shortName: "p"), wasGivenByFolder: false),
            name: "n",
            size: size,
            partSize: 10,
            md5: nil,
            rule: rule,
            key: .random(),
            initiatedOn: Date(timeIntervalSince1970: 0),
            state: state,
            fileID: fileID,
            leaseExpiresOn: leaseExpiresOn
        )
    }
}

extension PartRecord {
    static func fixture(
        _ number: PartNumber,
        size: Int64? = nil,
        etag: String = "e",
        location: PartLocation = .inPlace,
        isReported: Bool = true
    ) -> PartRecord {
        PartRecord(
            number: number,
            size: size,
            etag: etag,
            crc64: nil,
            location: location,
            storedOn: Date(timeIntervalSince1970: 0),
            isReported: isReported
        )
    }
}

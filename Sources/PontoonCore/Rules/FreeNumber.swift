/// A search for a number that makes a name unique.
package enum FreeNumber {
    /// Finds a free number by doubling and bisection.
    ///
    /// The result is not always the smallest free number, but unless it is 0, the number before it is taken. If the
    /// numbers below n are taken and all others are free, calls `isTaken` roughly 2 log₂ n times and returns n.
    ///
    /// - Parameter isTaken: Returns whether a number, 0 or more, is taken.
    /// - Returns: A free number; 0 if 0 is free.
    /// - Throws: The errors of `isTaken`.
    package static func first(isTaken: (Int) async throws -> Bool) async rethrows -> Int {
        var search = Search()
        while let number = search.question { search.answer(isTaken: try await isTaken(number)) }
        return search.free
    }

    /// Finds a free number like the asynchronous version, for use in a transaction.
    package static func first(isTaken: (Int) throws -> Bool) rethrows -> Int {
        var search = Search()
        while let number = search.question { search.answer(isTaken: try isTaken(number)) }
        return search.free
    }

    /// The state of a search: a number that is taken, initially -1, and a larger one that is free or has not been
    /// tested.
    private struct Search {
        private var taken = -1
        private(set) var free = 0
        private var isDoubling = true

        /// The next number to test; `nil` if the search is finished.
        var question: Int? { isDoubling ? free : free - taken > 1 ? taken + (free - taken) / 2 : nil }

        mutating func answer(isTaken: Bool) {
            guard let number = question else { return }
            if isTaken {
                taken = number
                // Clamped to prevent overflow. Numbers in names are never this large.
                if isDoubling { free = max(1, min(number, .max / 4) * 2) }
            } else {
                free = number
                isDoubling = false
            }
        }
    }
}

import Testing

@testable import PontoonClient

/// The totals of a run's progress.
struct ProgressTests {
    private func board() -> (board: ProgressBoard, files: [FileProgress]) {
        let board = ProgressBoard(sizes: [100, 200, 0, 400])
        return (board, (0..<4).map { FileProgress(board: board, index: $0) })
    }

    @Test("the bytes of a failed file are neither done nor remaining")
    func failed() {
        let (board, files) = board()
        for index in 0..<2 { files[index].opened(size: index == 0 ? 100 : 200) }
        _ = board.finish(0, isSuccess: true)
        _ = board.finish(1, isSuccess: false)
        // This file failed before it was opened.
        _ = board.finish(3, isSuccess: false)
        let progress = board.snapshot(concurrency: 1)
        #expect(progress.bytes == 700 && progress.doneBytes == 100 && progress.remainingBytes == 0)
        #expect(progress.finishedFiles == 3 && progress.failedFiles == 2)
    }

    @Test("a length that becomes known or differs from the listed one changes the total")
    func lengths() {
        let (board, files) = board()
        files[2].opened(size: 50)
        files[0].opened(size: 80)
        #expect(board.bytes == 730)
        files[0].started(parts: 1)
        files[0].transferred(80)
        // The part is sent again.
        files[0].transferred(80)
        let progress = board.snapshot(concurrency: 1)
        #expect(progress.doneBytes == 80 && progress.remainingBytes == 650 && progress.transferredBytes == 160)
        _ = board.finish(0, isSuccess: true)
        #expect(board.snapshot(concurrency: 1).doneBytes == 80)
    }

    @Test("a file whose upload starts over is no longer shown as being verified")
    func startingOver() {
        let (board, files) = board()
        files[1].opened(size: 200)
        files[1].started(parts: 2)
        files[1].verifying()
        #expect(board.snapshot(concurrency: 1).active.map(\.isVerifying) == [true])
        files[1].started(parts: 2)
        #expect(board.snapshot(concurrency: 1).active.map(\.isVerifying) == [false])
    }
}

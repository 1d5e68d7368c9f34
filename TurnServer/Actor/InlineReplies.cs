using System.Threading.Channels;

namespace TurnServer.Actor;

/// <summary>
/// The replies that the actor completes while its loop runs on a thread that is posting a message. That thread resumes
/// those who await them, without a thread switch, once the loop has ended and the table is free again.
/// </summary>
internal sealed class InlineReplies
{
    /// <summary>
    /// The most replies that a poster resumes; the thread pool resumes the others. A message has two, its own and the
    /// partner's, and the loop may handle what others post meanwhile. To send one takes about 10 µs.
    /// </summary>
    public const int RepliesMax = 8;

    [ThreadStatic]
    private static InlineReplies? _ofThisThread;

    private readonly PendingReply?[] _replies = new PendingReply?[RepliesMax];
    private int _count;
    private bool _isPosting;
    private bool _isCollecting;

    /// <summary>Posts a message, and resumes those whose replies the actor completes on this thread.</summary>
    public static bool TryPost(ChannelWriter<Message> mailbox, Message message)
    {
        var replies = _ofThisThread ??= new InlineReplies();
        // Whoever is resumed and posts again does not resume others in turn: the stack would have no bound.
        return replies._isPosting ? mailbox.TryWrite(message) : replies.Post(mailbox, message);
    }

    /// <summary>Leaves a reply to the poster. False: the loop does not run on one, or there are too many.</summary>
    public static bool TryAdd(PendingReply reply)
    {
        if (_ofThisThread is not { _isCollecting: true, _count: < RepliesMax } replies)
            return false;
        replies._replies[replies._count++] = reply;
        return true;
    }

    private bool Post(ChannelWriter<Message> mailbox, Message message)
    {
        _isPosting = _isCollecting = true;
        try
        {
            return mailbox.TryWrite(message);
        }
        finally
        {
            _isCollecting = false;
            for (var i = 0; i < _count; i++)
            {
                _replies[i]!.Resume();
                _replies[i] = null;
            }

            _count = 0;
            _isPosting = false;
        }
    }
}

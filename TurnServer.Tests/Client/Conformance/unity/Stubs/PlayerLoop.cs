using System;
using System.Collections.Generic;
using System.Reflection;
using System.Threading;

namespace UnityEngine
{
    /// <summary>The frames of a game, on one thread: what was posted, and then each component's Start or Update.
    /// </summary>
    public static class PlayerLoop
    {
        private static readonly MainThread Context = new MainThread();
        private static readonly List<MonoBehaviour> Started = new List<MonoBehaviour>();
        private static readonly Queue<MonoBehaviour> Added = new Queue<MonoBehaviour>();

        /// <summary>Makes this thread the main one.</summary>
        public static void Begin() => SynchronizationContext.SetSynchronizationContext(Context);

        /// <summary>For any thread: runs it on the main thread, in the next frame.</summary>
        public static void Post(Action action) => Context.Post(_ => action(), null);

        /// <summary>Waits for something to do, but at most this long, and runs a frame.</summary>
        public static void RunFrame(TimeSpan longest)
        {
            Context.Run(longest);
            Started.RemoveAll(component => component == null);
            foreach (var component in Started.ToArray())
                Tell(component, "Update");
            while (Added.Count > 0)
            {
                Started.Add(Added.Peek());
                Tell(Added.Dequeue(), "Start");
            }
        }

        /// <summary>Calls a method of a component, if it has it, unless it is destroyed.</summary>
        public static void Tell(MonoBehaviour component, string method, params object[] arguments)
        {
            if (component != null)
            {
                component.GetType().GetMethod(method, BindingFlags.Instance | BindingFlags.NonPublic)
                    ?.Invoke(component, arguments);
            }
        }

        internal static void Add(MonoBehaviour component) => Added.Enqueue(component);

        // As UnitySynchronizationContext: what is posted while it runs is for the next frame.
        private sealed class MainThread : SynchronizationContext
        {
            private readonly object _lock = new object();
            private readonly int _thread = Thread.CurrentThread.ManagedThreadId;
            private List<(SendOrPostCallback Call, object State)> _calls =
                new List<(SendOrPostCallback, object)>();

            public override SynchronizationContext CreateCopy() => this;

            public override void Post(SendOrPostCallback call, object state)
            {
                lock (_lock)
                {
                    _calls.Add((call, state));
                    Monitor.Pulse(_lock);
                }
            }

            public override void Send(SendOrPostCallback call, object state)
            {
                if (Thread.CurrentThread.ManagedThreadId == _thread)
                {
                    call(state);
                    return;
                }

                using (var done = new ManualResetEventSlim())
                {
                    Post(_ =>
                    {
                        call(state);
                        done.Set();
                    }, null);
                    done.Wait();
                }
            }

            public void Run(TimeSpan longest)
            {
                List<(SendOrPostCallback Call, object State)> calls;
                lock (_lock)
                {
                    if (_calls.Count == 0)
                        Monitor.Wait(_lock, longest);
                    calls = _calls;
                    _calls = new List<(SendOrPostCallback, object)>();
                }

                foreach (var (call, state) in calls)
                    call(state);
            }
        }
    }
}

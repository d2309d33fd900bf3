//! Walks over graphs of numbered nodes.

const UNSEEN: usize = usize::MAX;

/// Numbers the strongly connected components of a graph, each after those that it leads to, and
/// returns the number of each node's.
///
/// `next` returns the `n`th node that a node leads to, counted from 0. This is Tarjan's algorithm
/// with its stack on the heap: no depth of a graph overflows it.
///
/// ```
/// use migrate_core::__support::components;
///
/// // 0 and 1 lead to each other, and 1 to 2.
/// let edges = [vec![1], vec![0, 2], vec![]];
/// let next = |node: usize, n: usize| edges[node].get(n).copied();
/// assert_eq!(components(3, next), [1, 1, 0]);
/// ```
pub fn components(count: usize, next: impl Fn(usize, usize) -> Option<usize>) -> Vec<usize> {
    let mut number = vec![UNSEEN; count];
    let mut lowest = vec![UNSEEN; count];
    let mut component = vec![UNSEEN; count];
    let (mut numbers, mut components) = (0, 0);
    // The nodes that have no component yet, and the path to the one that is looked at.
    let mut open = Vec::new();
    let mut path: Vec<(usize, usize)> = Vec::new();
    for root in 0..count {
        if number[root] == UNSEEN {
            path.push((root, 0));
        }
        while let Some((at, cursor)) = path.last_mut() {
            let at = *at;
            if number[at] == UNSEEN {
                (number[at], lowest[at]) = (numbers, numbers);
                numbers += 1;
                open.push(at);
            }
            let position = *cursor;
            *cursor += 1;
            if let Some(next) = next(at, position) {
                if number[next] == UNSEEN {
                    path.push((next, 0));
                } else if component[next] == UNSEEN {
                    lowest[at] = lowest[at].min(number[next]);
                }
                continue;
            }
            path.pop();
            if let Some((before, _)) = path.last() {
                lowest[*before] = lowest[*before].min(lowest[at]);
            }
            if lowest[at] == number[at] {
                while let Some(member) = open.pop() {
                    component[member] = components;
                    if member == at {
                        break;
                    }
                }
                components += 1;
            }
        }
    }
    component
}

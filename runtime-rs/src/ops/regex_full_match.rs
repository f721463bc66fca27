//! Regular expressions, as programs that the compiler has made: all threads are followed at once (Thompson 1968), so that
//! time is proportional to the text times the program, whatever the expression.

use crate::element::Bool;

/// A program. It matches where a thread is at the last instruction when the text ends.
#[derive(Clone, Copy, Debug)]
pub struct RegexProgram<'a> {
    /// Three numbers an instruction: what it does, and two operands.
    ///
    /// - 0: the end
    /// - 1: reads a character of the ranges `a .. b`, and goes on
    /// - 2: goes to `a` and to `b`
    /// - 3: goes to `a`
    /// - 4: goes on if assertion `a` holds: start or end of the text (0, 1), of a line (2, 3), of a word or not (4, 5)
    pub code: &'a [u32],
    /// First and last character of each range.
    pub ranges: &'a [u32],
}

/// Instructions that threads are at: a sparse set (Briggs & Torczon 1993).
struct Threads<'a> {
    list: &'a mut [u32],
    place: &'a mut [u32],
    count: usize,
}

impl Threads<'_> {
    fn contain(&self, thread: u32) -> bool {
        let place = self.place[thread as usize] as usize;
        place < self.count && self.list[place] == thread
    }
    fn add(&mut self, thread: u32) {
        self.place[thread as usize] = self.count as u32;
        self.list[self.count] = thread;
        self.count += 1;
    }
}

/// `y[i]`: all of `x[i]` matches. `scratch` holds five values an instruction.
pub fn regex_full_match(x: &[String], program: &RegexProgram, y: &mut [Bool], scratch: &mut [u32]) {
    // Whatever it holds is fine for the sparse sets as long as it is an index.
    scratch.fill(0);
    let n = program.code.len() / 3;
    let (list, rest) = scratch.split_at_mut(n);
    let (place, rest) = rest.split_at_mut(n);
    let (next_list, rest) = rest.split_at_mut(n);
    let (next_place, todo) = rest.split_at_mut(n);
    let mut now = Threads {
        list,
        place,
        count: 0,
    };
    let mut next = Threads {
        list: next_list,
        place: next_place,
        count: 0,
    };
    for (text, y) in x.iter().zip(y) {
        *y = program.matches(text, &mut now, &mut next, todo).into();
    }
}

impl RegexProgram<'_> {
    fn matches<'t>(
        &self,
        text: &str,
        now: &mut Threads<'t>,
        next: &mut Threads<'t>,
        todo: &mut [u32],
    ) -> bool {
        let mut chars = text.chars();
        let mut after = chars.next();
        now.count = 0;
        self.follow(0, None, after, now, todo);
        while let (Some(c), 1..) = (after, now.count) {
            after = chars.next();
            next.count = 0;
            for &thread in &now.list[..now.count] {
                let [what, a, b] = self.instruction(thread);
                if what == 1 && self.has(a, b, c as u32) {
                    self.follow(thread + 1, Some(c), after, next, todo);
                }
            }
            core::mem::swap(now, next);
        }
        after.is_none() && now.contain((self.code.len() / 3 - 1) as u32)
    }

    fn instruction(&self, thread: u32) -> [u32; 3] {
        let at = 3 * thread as usize;
        [self.code[at], self.code[at + 1], self.code[at + 2]]
    }

    fn has(&self, start: u32, end: u32, c: u32) -> bool {
        let ranges = &self.ranges[2 * start as usize..2 * end as usize];
        ranges.chunks_exact(2).any(|r| r[0] <= c && c <= r[1])
    }

    /// Adds the threads that `start` leads to without reading a character.
    fn follow(
        &self,
        start: u32,
        before: Option<char>,
        after: Option<char>,
        threads: &mut Threads,
        todo: &mut [u32],
    ) {
        if threads.contain(start) {
            return;
        }
        threads.add(start);
        // Each instruction enters `todo` at most once, when it is added.
        todo[0] = start;
        let mut open = 1;
        while open > 0 {
            open -= 1;
            let thread = todo[open];
            let [what, a, b] = self.instruction(thread);
            let targets = match what {
                2 => [Some(a), Some(b)],
                3 => [Some(a), None],
                4 if holds(a, before, after) => [Some(thread + 1), None],
                _ => [None; 2],
            };
            for target in targets.into_iter().flatten() {
                if !threads.contain(target) {
                    threads.add(target);
                    todo[open] = target;
                    open += 1;
                }
            }
        }
    }
}

/// An assertion between two characters.
fn holds(assertion: u32, before: Option<char>, after: Option<char>) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    match assertion {
        0 => before.is_none(),
        1 => after.is_none(),
        2 => before.is_none_or(|c| c == '\n'),
        3 => after.is_none_or(|c| c == '\n'),
        4 => word(before) != word(after),
        _ => word(before) == word(after),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_followed_to_the_end_of_the_text() {
        // (a|ab)*\b
        let code = [
            2, 1, 7, 2, 2, 4, 1, 0, 1, 3, 0, 0, 1, 0, 1, 1, 1, 2, 3, 0, 0, 4, 4, 0, 0, 0, 0,
        ];
        let program = RegexProgram {
            code: &code,
            ranges: &[97, 97, 98, 98],
        };
        let x = ["aab", "", "b", "aba", "abb"].map(String::from);
        let mut y = [Bool(7); 5];
        regex_full_match(&x, &program, &mut y, &mut [9; 45]);
        assert_eq!(y.map(Bool::get), [true, false, false, true, false]);
    }
}

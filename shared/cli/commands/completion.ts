/** `prefloop completion`: a script for the shell, made from what the commands declare. */
import { printText } from '../answer.ts';
import { UsageError } from '../arguments.ts';
import { defineCommand, type Runnable } from '../command.ts';
import { readCompletions } from '../completion.ts';
import { bashScript } from '../completion-bash.ts';
import { fishScript } from '../completion-fish.ts';
import { zshScript } from '../completion-zsh.ts';

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript };
const shells = Object.keys(scripts) as (keyof typeof scripts)[];

const isShell = (word: string): word is keyof typeof scripts => Object.hasOwn(scripts, word);

/** `list`: all commands, this one among them. */
export const completionCommand = (list: () => readonly Runnable[]): Runnable =>
  defineCommand(
    {
      name: 'prefloop completion',
      summary: 'Prints a script with which a shell completes commands, options and their values.',
      positionals: ['SHELL'],
      choices: { SHELL: shells },
      options: {},
      example: 'prefloop completion bash',
      notes: `SHELL is one of ${shells.join(', ')}. It completes the word prefloop: alias prefloop="npx prefloop". How to install it
stands in docs/command-line.md.`,
    },
    async (_, [shell = '']) => {
      if (!isShell(shell)) throw new UsageError(`SHELL must be one of ${shells.join(', ')}, not "${shell}"`);
      printText(scripts[shell](readCompletions(list())));
      return undefined;
    },
  );

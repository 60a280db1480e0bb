/** An application with a package of its own whose build writes down what it should not look at. */

const setup = `
import os, random, time
from setuptools import setup
os.makedirs('noisy', exist_ok=True)

def write(name, value):
    with open('noisy/%s.py' % name, 'w') as file:
        file.write('VALUE = %r\\n' % (value,))

open('noisy/__init__.py', 'w').close()
write('moment', time.time())
write('lucky', random.SystemRandom().random())
write('listing', os.listdir('data'))
write('steady', 'the same every time')
setup(name='noisy', version='1', packages=['noisy'])
`

/** Its files by path; enough of them in one directory that no two file systems list them alike by chance. */
export function unreproducibleApp(): Record<string, string> {
  const data = Array.from({ length: 40 }, (_, index) => [`pkg/data/file-${index * 7919}`, `${index}\n`] as const)
  return {
    'berth.toml': 'name = "noisy"\n\n[start]\ncommand = "python3 -m http.server 8000"\n',
    'requirements.txt': './pkg\n',
    'pkg/setup.py': setup,
    ...Object.fromEntries(data),
  }
}
